// `./platte test`: one vitest run over the kinds that are wanted (test-kinds.ts), and a plain last line over all of them that
// people and machines can read.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../repository.js';
import { exitCodes } from '../exit-codes.js';
import { readChangedFiles } from './changed-files.js';
import { runScript } from './script.js';
import { isBasic, kindsFor, type TestKind, testKinds } from './test-kinds.js';

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numFailedTestSuites: number;
  success: boolean;
}

export interface TestOptions {
  /** Names of kinds. */
  kind?: string[] | undefined;
  /** Also run the kinds whose files changed. For CI. */
  changed?: boolean | undefined;
}

/**
 * @param words first names of kinds beyond the basic ones; then parts of paths of test files, none means all
 * @returns the process's exit code
 */
export async function runTests(words: string[], options: TestOptions): Promise<number> {
  const { named, filters } = splitWords(words);
  const asked = [...named, ...(options.kind ?? [])];
  const unknown = asked.filter((name) => !testKinds.some((kind) => kind.name === name));
  if (unknown.length > 0) {
    const names = testKinds.map(({ name }) => name).join(', ');
    console.error(`platte: no kind of test is named ${unknown.join(', ')}; there are ${names}`);
    return exitCodes.usage;
  }
  const wanted = await chooseKinds(asked, options.changed === true);
  const { ready, missing } = await prepareKinds(wanted);
  const code = await runKinds(ready, filters);
  return mustFail(missing, options) ? exitCodes.failed : code;
}

/** In CI a kind beyond the basic ones may lack its tools: its line says so, and the others decide. */
export function mustFail(missing: readonly TestKind[], { changed }: TestOptions): boolean {
  return missing.some((kind) => kind.isBasic || changed !== true);
}

/** `cluster test/log` names a kind and a filter. A basic kind is named by `--kind`: its word may be part of a path. */
export function splitWords(words: readonly string[]): { named: string[]; filters: string[] } {
  const isKind = (word: string): boolean => testKinds.some((kind) => !kind.isBasic && kind.name === word);
  const first = words.findIndex((word) => !isKind(word));
  const end = first === -1 ? words.length : first;
  return { named: words.slice(0, end), filters: words.slice(end) };
}

async function chooseKinds(asked: readonly string[], isByChange: boolean): Promise<TestKind[]> {
  if (asked.length > 0) return testKinds.filter(({ name }) => asked.includes(name));
  if (!isByChange) return testKinds.filter(isBasic);
  const changed = await readChangedFiles(repositoryRoot());
  const kinds = kindsFor(changed.status === 'known' ? changed.files : undefined);
  const why =
    changed.status === 'known'
      ? `${changed.files.length} files changed since ${changed.base}`
      : `what changed is not known (${changed.reason})`;
  console.log(`kinds of test: ${kinds.map(({ name }) => name).join(', ')}; ${why}`);
  return kinds;
}

/**
 * Before the clock of a test runs: a first download must not look like a hanging test. A kind that cannot run says why in one line.
 *
 * @returns the kinds that can run, and those that cannot
 */
export async function prepareKinds(
  kinds: readonly TestKind[],
  say: (line: string) => void = console.log,
): Promise<{ ready: TestKind[]; missing: TestKind[] }> {
  const ready: TestKind[] = [];
  const missing: TestKind[] = [];
  for (const kind of kinds) {
    try {
      await kind.prepare((line) => console.error(`platte: ${line}`));
      ready.push(kind);
    } catch (error) {
      missing.push(kind);
      const reason = error instanceof Error ? error.message : String(error);
      say(`${kind.name}: not run: ${reason.replaceAll(/\s*\n\s*/g, ' ')}`);
    }
  }
  return { ready, missing };
}

async function runKinds(kinds: readonly TestKind[], filters: readonly string[]): Promise<number> {
  if (kinds.length === 0) {
    console.log('0 passed, 0 failed');
    return exitCodes.ok;
  }
  const folder = await mkdtemp(join(tmpdir(), 'platte-test-'));
  const report = join(folder, 'report.json');
  try {
    const projects = kinds.flatMap(({ name }) => ['--project', name]);
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
