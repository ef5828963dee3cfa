// The last snapshot of every application as a file: `<application>.json`, replaced as a whole.
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApplicationSnapshot } from '@platte/rollout';
import { messageOf } from './causes.js';

export interface SnapshotCache {
  /** What an earlier run left; values are unchecked. */
  found: { name: string; value: unknown }[];
  /** When the newest of them was written. */
  newestAt: number;
  /** Later, and only the newest of several; undefined removes. A disk that fails is told and costs nothing else. */
  write: (application: string, snapshot: ApplicationSnapshot | undefined) => void;
  /** Resolves when all is written. */
  flush: () => Promise<void>;
}

export async function makeSnapshotCache(folder: string, say: (line: string) => void): Promise<SnapshotCache> {
  await mkdir(folder, { recursive: true });
  const waiting = new Map<string, ApplicationSnapshot | undefined>();
  let writing: Promise<void> | undefined;

  async function writeAll(): Promise<void> {
    for (const [application, snapshot] of waiting) {
      waiting.delete(application);
      await writeOne(join(folder, `${application}.json`), snapshot).catch((cause: unknown) =>
        say(`snapshot not kept in ${folder}: ${messageOf(cause)}`),
      );
    }
    writing = undefined;
  }
  return {
    ...(await readAll(folder, say)),
    write: (application, snapshot) => {
      waiting.set(application, snapshot);
      writing ??= writeAll();
    },
    flush: async () => {
      await writing;
    },
  };
}

async function readAll(
  folder: string,
  say: (line: string) => void,
): Promise<Pick<SnapshotCache, 'found' | 'newestAt'>> {
  const found: SnapshotCache['found'] = [];
  let newestAt = 0;
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.json')) continue;
    const file = join(folder, name);
    try {
      found.push({ name, value: JSON.parse(await readFile(file, 'utf8')) });
      newestAt = Math.max(newestAt, (await stat(file)).mtimeMs);
    } catch (cause) {
      say(`${file} cannot be read and is ignored: ${messageOf(cause)}`);
    }
  }
  return { found, newestAt };
}

/** Written beside and renamed, so that a kill leaves the old one or the new one. */
async function writeOne(file: string, snapshot: ApplicationSnapshot | undefined): Promise<void> {
  if (snapshot === undefined) return rm(file, { force: true });
  const beside = `${file}.new`;
  const handle = await open(beside, 'w');
  try {
    await handle.writeFile(JSON.stringify(snapshot));
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(beside, file);
}
