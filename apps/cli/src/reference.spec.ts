import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeProgram } from './program.js';
import { renderReference } from './reference.js';
import { repositoryRoot } from './repository.js';

it('is what docs/reference/cli.md says: node tools/cli-reference.ts writes it anew', () => {
  const written = readFileSync(join(repositoryRoot(), 'docs/reference/cli.md'), 'utf8');
  expect(written).toBe(renderReference(makeProgram()));
});
