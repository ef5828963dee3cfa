// Deliberately broken variants of the platform: controls that the checks must catch. Loaded into a program before its own code
// (`node --import`), one of them rewrites a line of a module as it is read; the platform's code knows nothing of it. A line that
// is not found ends the program: a control that no longer breaks anything would prove nothing.
import { registerHooks } from 'node:module';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { controls } from './controls.js';

const name = process.env['PLATTE_CHAOS_CONTROL'] ?? '';
const edits = controls[name]?.edits;
if (edits === undefined) throw new Error(`no control is named ${name}`);

registerHooks({
  load(url, context, next) {
    const edit = edits.find(({ module }) => url.endsWith(module));
    if (edit === undefined) return next(url, context);
    let source = readFileSync(fileURLToPath(url), 'utf8');
    for (const [line, instead] of edit.lines) {
      if (!source.includes(line)) throw new Error(`control ${name}: ${module(url)} has no line ${line}`);
      source = source.replace(line, instead);
    }
    return { format: 'module', source, shortCircuit: true };
  },
});

function module(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}
