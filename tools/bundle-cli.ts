// Makes one file of the command line, for `./platte` and for machines that have nothing but Node:
//   node tools/bundle-cli.ts [where]     apps/cli/dist/platte.mjs, from what tsc has built
//
// In it is all that talks to an API, and `simulate`. What needs the platform's own programs (`up`, tests, measurements) stays
// in the checkout, beside the file, and is loaded from there when it is asked for.
//
// Modules run when they are first needed, not when the file starts: evaluated at once, schemas and client would cost `--help`
// five times its time. Node's own modules are asked for in the same way: `http`, `crypto` and `readline` alone take as long to
// load as Node takes to start, and a bundler lifts their imports to the top of the file.
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { rolldown, type Plugin } from 'rolldown';

const root = resolve(import.meta.dirname, '..');
const built = join(root, 'apps/cli/dist');
const bundled = [join(built, 'nouns') + sep, join(built, 'simulate.js'), join(built, 'up', 'run-file.js')];
const isBundled = (path: string): boolean => bundled.some((place) => path.startsWith(place));

const leaveInCheckout: Plugin = {
  name: 'leave-in-checkout',
  resolveId(id, importer, { kind }) {
    if (kind !== 'dynamic-import' || importer === undefined || !id.startsWith('.')) return undefined;
    const path = resolve(dirname(importer), id);
    return isBundled(path) ? undefined : { id: `./${relative(built, path).split(sep).join('/')}`, external: true };
  },
};

const lazyPrefix = '\0lazy:';

const loadNodeLate: Plugin = {
  name: 'load-node-late',
  resolveId(id, importer) {
    // The bundler's own few lines need `node:module` at once.
    if (!id.startsWith('node:') || importer?.includes('rolldown')) return undefined;
    return `${lazyPrefix}${id}.cjs`;
  },
  load(id) {
    if (!id.startsWith(lazyPrefix)) return undefined;
    return `module.exports = process.getBuiltinModule('${id.slice(lazyPrefix.length, -'.cjs'.length)}');`;
  },
};

const { positionals } = parseArgs({ allowPositionals: true });
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

const bundle = await rolldown({
  input: join(built, 'main.js'),
  platform: 'node',
  plugins: [leaveInCheckout, loadNodeLate],
  transform: { define: { PLATTE_VERSION: JSON.stringify(version) } },
  // A package that is not found would be left for whoever runs the file to miss.
  onLog(level, log, say) {
    if (level === 'warn') throw new Error(log.message);
    say(level, log);
  },
});
await bundle.write({
  file: positionals[0] ?? join(built, 'platte.mjs'),
  format: 'esm',
  codeSplitting: false,
  strictExecutionOrder: true,
  banner: '#!/usr/bin/env node',
});
