import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertNoneFell, endChild, forkChild, nextMessage } from './children.js';

let folder: string;
let program: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platte-children-'));
  program = join(folder, 'ends.js');
  await writeFile(program, `process.on('message', (code) => process.exit(code)); process.send('ready');`);
});
afterAll(() => rm(folder, { recursive: true }));

async function start() {
  const child = forkChild(program);
  expect(await nextMessage(child)).toBe('ready');
  return child;
}

test('a child that is ended when it is no longer needed is no fall', async () => {
  await endChild(await start());
  expect(assertNoneFell).not.toThrow();
});

test('who waits for an answer is told that the child has ended', async () => {
  const child = await start();
  const answer = nextMessage(child);
  child.send(4);
  await expect(answer).rejects.toThrow(/ends\.js ended without a word: code 4/);
});

test('who waits for what a child does is told that it has ended', async () => {
  const child = await start();
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  expect(assertNoneFell).toThrow(/ends\.js ended while it was needed: SIGKILL/);
});
