// The sizes of a platform on one machine, from its disk and from what its last start had: `sizes.json` in the data folder.
import { existsSync } from 'node:fs';
import { readdir, readFile, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { byteSize, parseConfig } from '@platte/service';
import { z } from 'zod';
import { defaultPlan, type DiskJudgement, type DiskPlan, judgeDisk } from './disk-plan.js';

/** A restart would find the disk, or the setting, just as it is. */
export class DiskRefused extends Error {}

const Sizes = z.object({ factsBytes: z.number().int(), spoolBytes: z.number().int() });
const sizesFile = 'sizes.json';

export interface DiskRoom {
  freeBytes: number;
  judgement: DiskJudgement;
}

/** @param dataDir which need not be there yet */
export async function readDiskRoom(dataDir: string, env: NodeJS.ProcessEnv): Promise<DiskRoom> {
  const { bavail, bsize } = await statfs(nearestFolder(dataDir));
  const freeBytes = bavail * bsize;
  const used = await Promise.all(['nats', 'ingress'].map((name) => sizeOf(join(dataDir, name))));
  const usedBytes = used.reduce((sum, bytes) => sum + bytes, 0);
  const kept = await readKept(dataDir);
  return { freeBytes, judgement: judgeDisk({ freeBytes, usedBytes, kept, given: readGiven(env) }) };
}

/**
 * @returns the sizes, which the next start finds
 * @throws DiskRefused when there is too little room
 */
export async function planDataFolder(dataDir: string, env: NodeJS.ProcessEnv): Promise<DiskPlan> {
  const { judgement } = await readDiskRoom(dataDir, env);
  if (judgement.status === 'too-little') throw new DiskRefused(toRefusal(dataDir, judgement.why));
  await writeFile(join(dataDir, sizesFile), `${JSON.stringify(judgement.plan, null, 2)}\n`, { mode: 0o600 });
  return judgement.plan;
}

export function toRefusal(dataDir: string, why: string): string {
  return `too little disk for ${dataDir}: ${why}. Free some, or name another folder with --data.`;
}

/** A folder of a version that kept no sizes has the streams that it made: of the defaults. */
async function readKept(dataDir: string): Promise<DiskPlan | undefined> {
  const text = await readFile(join(dataDir, sizesFile), 'utf8').catch(() => undefined);
  if (text !== undefined) return Sizes.parse(JSON.parse(text));
  return existsSync(join(dataDir, 'nats', 'jetstream')) ? defaultPlan : undefined;
}

/** As the programs read them. */
const Given = z.object({
  factsMax: byteSize({ min: 2 ** 20 }).optional(),
  spoolMax: byteSize({ min: 2 ** 20 }).optional(),
});

function readGiven(env: NodeJS.ProcessEnv): Partial<DiskPlan> {
  const parsed = parseConfig(Given, env);
  if (parsed.status === 'bad') throw new DiskRefused(parsed.problems.join('\n'));
  const { factsMax, spoolMax } = parsed.config;
  return {
    ...(factsMax !== undefined && { factsBytes: factsMax }),
    ...(spoolMax !== undefined && { spoolBytes: spoolMax }),
  };
}

function nearestFolder(folder: string): string {
  return existsSync(folder) ? folder : nearestFolder(dirname(folder));
}

/** Of all files in it; 0 for what is not there. A file that goes away meanwhile counts nothing. */
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(({ parentPath, name }) =>
      stat(join(parentPath, name)).then(
        // Blocks, not length: a file may have holes.
        ({ blocks }) => blocks * 512,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}
