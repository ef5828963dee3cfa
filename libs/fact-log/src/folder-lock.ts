// One process per spool folder. The lock names its holder by process id and start time, so that a lock left behind by a
// kill is known for what it is, also when the id has been given to another process since.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from './causes.js';

/** @returns a function that gives the folder free. @throws Error when a living process holds it. */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const file = join(folder, 'lock');
  const me = `${process.pid} ${await startOf(process.pid)}`;
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await writeFile(file, me, { flag: 'wx', mode: 0o600 });
      return () => rm(file, { force: true });
    } catch (cause) {
      if (codeOf(cause) !== 'EEXIST') throw new Error(`cannot write to ${folder}`, { cause });
    }
    await dropStaleLock(file, folder);
  }
  throw new Error(`another process is taking ${folder} at the same time`);
}

async function dropStaleLock(file: string, folder: string): Promise<void> {
  const [pid = '', ...start] = (await readFile(file, 'utf8').catch(() => '')).split(' ');
  const holder = Number.parseInt(pid, 10);
  if (Number.isInteger(holder) && (await startOf(holder)) === start.join(' ') && isAlive(holder)) {
    throw new Error(`${folder} is used by process ${holder}: give each process a folder of its own`);
  }
  await rm(file, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return codeOf(cause) === 'EPERM';
  }
}

/** Start time in ticks since the boot, field 22 of Linux's stat file; elsewhere unknown, and the id alone must do. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field, the program's name in brackets, may hold spaces.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
