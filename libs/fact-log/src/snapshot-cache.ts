// The last snapshot of every application as a file: `<application>.json`, replaced as a whole. The empty file `known` says that
// these are a whole catalog, also where there are none.
import { open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApplicationSnapshot } from '@platte/rollout';
import { messageOf } from './causes.js';
import { makePrivateFolder } from './private-folder.js';

const knownFile = 'known';

export interface SnapshotCache {
  /** What an earlier run left; values are unchecked. */
  found: { name: string; value: unknown }[];
  /** When the newest of them was written. */
  newestAt: number;
  /** The earlier run had read a whole catalog. */
  wasKnown: boolean;
  /** Later, and only the newest of several; undefined removes. A disk that fails is told and costs nothing else. */
  write: (application: string, snapshot: ApplicationSnapshot | undefined) => void;
  /** A whole catalog was read. */
  writeKnown: () => void;
  /** Resolves when all is written. */
  flush: () => Promise<void>;
}

export async function makeSnapshotCache(folder: string, say: (line: string) => void): Promise<SnapshotCache> {
  await makePrivateFolder(folder);
  const waiting = new Map<string, ApplicationSnapshot | undefined>();
  const found = await readAll(folder, say);
  let writing: Promise<void> | undefined;
  let isKnown = found.wasKnown;

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
    ...found,
    writeKnown: () => {
      if (isKnown) return;
      isKnown = true;
      // Without it a start waits for NATS: no reason to fail.
      void writeFile(join(folder, knownFile), '', { mode: 0o600 }).catch(() => {});
    },
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
): Promise<Pick<SnapshotCache, 'found' | 'newestAt' | 'wasKnown'>> {
  const found: SnapshotCache['found'] = [];
  const names = await readdir(folder);
  let newestAt = 0;
  for (const name of names) {
    if (!name.endsWith('.json') && name !== knownFile) continue;
    const file = join(folder, name);
    try {
      if (name !== knownFile) found.push({ name, value: JSON.parse(await readFile(file, 'utf8')) });
      newestAt = Math.max(newestAt, (await stat(file)).mtimeMs);
    } catch (cause) {
      say(`${file} cannot be read and is ignored: ${messageOf(cause)}`);
    }
  }
  return { found, newestAt, wasKnown: names.includes(knownFile) };
}

/** Written beside and renamed, so that a kill leaves the old one or the new one. */
async function writeOne(file: string, snapshot: ApplicationSnapshot | undefined): Promise<void> {
  if (snapshot === undefined) return rm(file, { force: true });
  const beside = `${file}.new`;
  const handle = await open(beside, 'w', 0o600);
  try {
    await handle.writeFile(JSON.stringify(snapshot));
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(beside, file);
}
