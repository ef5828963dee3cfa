// `platte --help` takes less than 150 ms because it loads commander and the specs of the commands, and nothing else: a schema or
// a client that slips into that graph costs ten times as much. This walks the imports that are not types and not `import()`.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

const staticImport = /^(?:import|export) (?!type\b)[^;]*?from '([^']+)';/gm;

function collect(file: string, seen: Set<string>, packages: Set<string>): void {
  if (seen.has(file)) return;
  seen.add(file);
  for (const [statement, from = ''] of readFileSync(file, 'utf8').matchAll(staticImport)) {
    if (/^import \{( type \w+,?)+ \} from/.test(statement)) continue;
    if (from.startsWith('.')) collect(join(dirname(file), from.replace(/\.js$/, '.ts')), seen, packages);
    else if (!from.startsWith('node:')) packages.add(from);
  }
}

it('loads commander alone before a command runs', () => {
  const [seen, packages] = [new Set<string>(), new Set<string>()];
  collect(join(import.meta.dirname, 'main.ts'), seen, packages);
  expect(seen.size).toBeGreaterThan(10);
  expect([...packages]).toEqual(['commander']);
});
