// A short run of the whole, and the controls: variants that are broken on purpose, which the checks must catch.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { repositoryRoot } from '../journeys/repository.js';
import { controls } from './controls.js';

const run = promisify(execFile);

/** What it says on stdout; an exit code other than 0 throws with all that was said. */
async function chaos(...args: string[]): Promise<string> {
  return (await run(join(repositoryRoot(), 'platte'), ['chaos', ...args])).stdout;
}

it('keeps every promise under fire', async () => {
  expect(await chaos('--minutes', '0.6', '--seed', '7')).not.toContain('FAILED');
});

it.each(Object.keys(controls))('catches %s', async (control) => {
  expect(await chaos('--seed', '5', '--control', control)).toContain('the control was caught');
});
