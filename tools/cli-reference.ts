// Writes docs/reference/cli.md from the tree of commands. Run it after a change of the command line; a test tells when.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeProgram } from '../apps/cli/dist/program.js';
import { renderReference } from '../apps/cli/dist/reference.js';

const path = join(import.meta.dirname, '../docs/reference/cli.md');
writeFileSync(path, renderReference(makeProgram()));
console.log(`wrote ${path}`);
