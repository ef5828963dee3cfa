// `./platte test`: one vitest run over all kinds, and a plain last line that people and machines can read.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../repository.js';
import { exitCodes } from '../exit-codes.js';
import { runScript } from './script.js';

const kinds = ['unit', 'integration', 'journeys'];

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numFailedTestSuites: number;
  success: boolean;
}

/**
 * @param filters parts of paths of test files; none means all
 * @returns the process's exit code
 */
export async function runTests(filters: string[], wanted: string[] = kinds): Promise<number> {
  const unknown = wanted.filter((kind) => !kinds.includes(kind));
  if (unknown.length > 0) {
    console.error(`platte: no kind of test is named ${unknown.join(', ')}; there are ${kinds.join(', ')}`);
    return exitCodes.usage;
  }
  await getServers(wanted);
  const folder = await mkdtemp(join(tmpdir(), 'platte-test-'));
  const report = join(folder, 'report.json');
  try {
    const projects = wanted.flatMap((kind) => ['--project', kind]);
    const code = await runScript('node_modules/vitest/vitest.mjs', [
      'run',
      ...projects,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...filters,
    ]);
    return await sayResult(report, code);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Gets the servers before the clock of a test runs: a first download must not look like a hanging test. */
async function getServers(wanted: string[]): Promise<void> {
  if (wanted.every((kind) => kind === 'unit')) return;
  const { installServers } = await import('../up/servers.js');
  await installServers((line) => console.error(`platte: ${line}`));
}

async function sayResult(report: string, code: number): Promise<number> {
  const result = await readFile(report, 'utf8').then(
    (text) => JSON.parse(text) as Report,
    () => undefined,
  );
  if (result === undefined) {
    console.error(
      `platte: the test runner ended with code ${code} and left no report in ${repositoryRoot()}; its output above says why`,
    );
    console.log('0 passed, 1 failed');
    return exitCodes.failed;
  }
  // A file that fails to load has no failed test of its own, and an error outside a test fails the run.
  const failed = Math.max(result.numFailedTests, result.success && code === 0 ? 0 : 1);
  const skipped = result.numPendingTests > 0 ? `, ${result.numPendingTests} skipped` : '';
  console.log(`${result.numPassedTests} passed, ${failed} failed${skipped}`);
  return failed === 0 ? exitCodes.ok : exitCodes.failed;
}
