// One process owns a data folder: `lock.json` in it names the owner. A lock whose owner is gone is taken over at once, also
// when another process has got the owner's pid since: the owner's own start time is part of the lock.
import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJson } from './json.js';
import { identify, isAlive, isProcessIdentity, type ProcessIdentity } from './process-identity.js';
import { writeOnce } from './write-once.js';

interface Lock extends ProcessIdentity {
  /** ISO time at which the folder was locked. */
  since: string;
}

export class DataFolderBusy extends Error {
  readonly pid: number;
  readonly since: string;
  constructor(dataDir: string, { pid, since }: Lock) {
    super(`${dataDir} is in use by process ${pid} since ${since}. Stop that one first, or name another folder.`);
    this.name = 'DataFolderBusy';
    this.pid = pid;
    this.since = since;
  }
}

/** Losing a race for a stale lock is settled at the second look; more than a few looks means a folder that is being fought over. */
const attemptsMax = 5;

/**
 * @returns what gives the folder back
 * @throws DataFolderBusy when a living process has it
 */
export async function lockDataFolder(dataDir: string): Promise<() => Promise<void>> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'lock.json');
  const own: Lock = { ...identify(process.pid), since: new Date().toISOString() };
  const text = JSON.stringify(own);
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    if (await writeOnce(file, text)) return () => unlock(file, text);
    const found = await readText(file);
    if (found === undefined) continue;
    // A lock that cannot be read belongs to nobody.
    const holder = parseJson(found, isLock);
    if (holder !== undefined && isAlive(holder)) throw new DataFolderBusy(dataDir, holder);
    await removeStale(file, found);
  }
  throw new Error(`${file} could not be taken: other processes start on this folder at the same moment. Try again.`);
}

/** Moves it away first: had another process replaced it meanwhile, what we moved is not stale, and goes back. */
async function removeStale(file: string, stale: string): Promise<void> {
  const aside = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(file, aside);
  } catch {
    return;
  }
  if ((await readText(aside)) !== stale) await link(aside, file).catch(() => {});
  await rm(aside, { force: true });
}

async function unlock(file: string, text: string): Promise<void> {
  if ((await readText(file)) === text) await rm(file, { force: true });
}

function readText(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}

function isLock(value: unknown): value is Lock {
  return isProcessIdentity(value) && 'since' in value && typeof value.since === 'string';
}
