import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readChangedFiles } from './changed-files.js';
import { mustFail, prepareKinds, splitWords } from './test.js';
import { kindsFor, type TestKind, testKinds } from './test-kinds.js';

const names = (kinds: readonly { name: string }[]) => kinds.map(({ name }) => name);
const basic = ['unit', 'integration', 'journeys'];

describe('kinds of test', () => {
  it('have a project of their name each', async () => {
    const config = await readFile(join(import.meta.dirname, '../../../../vitest.config.ts'), 'utf8');
    expect(names(testKinds)).toEqual([...config.matchAll(/^ {10}name: '(\w+)',$/gm)].map(([, name]) => name));
  });

  it('are all wanted when it is not known what changed', () => {
    expect(kindsFor(undefined)).toEqual(testKinds);
  });

  it('beyond the basic ones are wanted when a file changed that they are about', () => {
    expect(names(kindsFor(['README.md', 'libs/rollout/src/judge.ts']))).toEqual(basic);
    expect(names(kindsFor(['libs/fact-log/src/pull.ts']))).toEqual([...basic, 'cluster']);
    expect(names(kindsFor(['package-lock.json']))).toEqual(names(testKinds));
  });

  it('are named before the filters, if they are not basic', () => {
    expect(splitWords(['cluster'])).toEqual({ named: ['cluster'], filters: [] });
    expect(splitWords(['cluster', 'test/log', 'cluster'])).toEqual({
      named: ['cluster'],
      filters: ['test/log', 'cluster'],
    });
    expect(splitWords(['journeys'])).toEqual({ named: [], filters: ['journeys'] });
  });
});

it('a kind that cannot run says why in one line, and the run fails unless CI chose the kind', async () => {
  const kind = (name: string, isBasic: boolean, prepare: TestKind['prepare']): TestKind => {
    return { name, about: '', isBasic, paths: [], prepare };
  };
  const unable = async (): Promise<void> => {
    throw new Error('No oven.\n  the shop: closed\nBuild one.');
  };
  const [baked, basic, fine] = [
    kind('baked', false, unable),
    kind('basic', true, unable),
    kind('fine', true, async () => {}),
  ];
  const lines: string[] = [];
  expect(await prepareKinds([baked, fine], (line) => lines.push(line))).toEqual({ ready: [fine], missing: [baked] });
  expect(lines).toEqual(['baked: not run: No oven. the shop: closed Build one.']);
  expect(mustFail([baked], {})).toBe(true);
  expect(mustFail([baked], { changed: true })).toBe(false);
  expect(mustFail([baked, basic], { changed: true })).toBe(true);
  expect(mustFail([], {})).toBe(false);
});

describe('changed files', () => {
  let root: string;
  const git = async (...args: string[]): Promise<string> => {
    const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'init.defaultBranch=main'];
    return (await promisify(execFile)('git', [...identity, ...args], { cwd: root })).stdout.trim();
  };
  const commit = async (file: string): Promise<string> => {
    await writeFile(join(root, file), file);
    await git('add', '.');
    await git('commit', '-qm', file);
    return git('rev-parse', 'HEAD');
  };
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'platte-changed-'));
    await git('init', '-q');
    await commit('first');
  });
  afterEach(() => rm(root, { recursive: true }));

  it('are those since the base that was named, with those that are not committed yet', async () => {
    const base = await commit('before');
    await commit('after');
    await writeFile(join(root, 'new'), '');
    expect(await readChangedFiles(root, { PLATTE_TEST_BASE: base })).toEqual({
      status: 'known',
      base: base.slice(0, 12),
      files: ['after', 'new'],
    });
  });

  it('are those of the branch since it left origin/main', async () => {
    await git('update-ref', 'refs/remotes/origin/main', 'HEAD');
    await commit('mine');
    expect(await readChangedFiles(root, {})).toMatchObject({ status: 'known', files: ['mine'] });
  });

  it('are not known in a clone of main, nor without history, nor from a revision that is not there', async () => {
    expect(await readChangedFiles(root, {})).toMatchObject({ status: 'unknown' });
    await git('update-ref', 'refs/remotes/origin/main', 'HEAD');
    expect(await readChangedFiles(root, {})).toMatchObject({ status: 'unknown' });
    expect(await readChangedFiles(root, { PLATTE_TEST_BASE: '0'.repeat(40) })).toMatchObject({ status: 'unknown' });
  });
});
