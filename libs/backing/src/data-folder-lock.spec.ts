import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lockDataFolder } from './data-folder-lock.js';
import { identify } from './process-identity.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platte-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('tells a second owner who has the folder, and since when', async () => {
  const release = await lockDataFolder(folder);
  await expect(lockDataFolder(folder)).rejects.toMatchObject({ pid: process.pid });
  await expect(lockDataFolder(folder)).rejects.toThrow(/is in use by process \d+ since \d{4}-\d\d-\d\dT/);
  await release();
  await expect(lockDataFolder(folder)).resolves.toBeTypeOf('function');
});

it('takes over the lock of a process that was killed', async () => {
  const other = spawn('sleep', ['60']);
  const lock = { ...identify(other.pid!), since: new Date().toISOString() };
  await writeFile(join(folder, 'lock.json'), JSON.stringify(lock));
  await expect(lockDataFolder(folder)).rejects.toMatchObject({ pid: other.pid });
  other.kill('SIGKILL');
  await once(other, 'exit');
  await expect(lockDataFolder(folder)).resolves.toBeTypeOf('function');
});

it('takes over when another process has got the pid since', async () => {
  const lock = { pid: process.pid, start: 'long ago', since: new Date().toISOString() };
  await writeFile(join(folder, 'lock.json'), JSON.stringify(lock));
  await expect(lockDataFolder(folder)).resolves.toBeTypeOf('function');
});

it('takes over a lock that was cut short', async () => {
  await writeFile(join(folder, 'lock.json'), '{"pid":');
  await expect(lockDataFolder(folder)).resolves.toBeTypeOf('function');
});

it('gives a stale lock to one of many who want it', async () => {
  await writeFile(join(folder, 'lock.json'), '');
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => lockDataFolder(folder)));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

it('does not take the lock of another with it when it goes', async () => {
  const release = await lockDataFolder(folder);
  await writeFile(join(folder, 'lock.json'), 'of another');
  await release();
  expect(await readFile(join(folder, 'lock.json'), 'utf8')).toBe('of another');
});
