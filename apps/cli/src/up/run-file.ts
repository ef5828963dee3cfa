// `run.json` in the data folder: where the running platform is and how to sign in to it. The command line, examples and
// tests read it. It holds secrets: mode 0600, gone when the platform stops.
import { readFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const RunFile = z.object({
  /** The process of `up`. */
  pid: z.number().int(),
  startedAt: z.string(),
  urls: z.object({ omaha: z.string(), api: z.string(), sql: z.string() }),
  /** An admin's API token. */
  token: z.string(),
  /** The read-only user of the SQL port. */
  sql: z.object({ user: z.string(), password: z.string(), database: z.string() }),
  /** Each program: its process, and its internal port with `/livez`, `/readyz` and `/metrics`. */
  programs: z.record(z.string(), z.object({ pid: z.number().int(), urls: z.record(z.string(), z.string()) })),
  /** The servers behind it, and who may write there: for `verify` and `replay`, and for tests that break them. */
  servers: z.record(
    z.string(),
    z.object({
      pid: z.number().int(),
      url: z.string(),
      user: z.string().default(''),
      password: z.string().default(''),
    }),
  ),
});
export type RunFile = z.infer<typeof RunFile>;

const runFilePath = (dataDir: string): string => join(dataDir, 'run.json');

/** Replaces it in one step: a reader sees the old one or the new one, never half of one. */
export async function writeRunFile(dataDir: string, run: RunFile): Promise<void> {
  const path = runFilePath(dataDir);
  await writeFile(`${path}.new`, `${JSON.stringify(run, null, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

export async function removeRunFile(dataDir: string): Promise<void> {
  await rm(runFilePath(dataDir), { force: true });
}

/** The platform that runs on this data folder, if one does. A file that a killed `up` left is as good as none. */
export function readRunFile(dataDir: string): RunFile | undefined {
  let text: string;
  try {
    text = readFileSync(runFilePath(dataDir), 'utf8');
  } catch {
    return undefined;
  }
  const parsed = RunFile.safeParse(JSON.parse(text));
  if (!parsed.success)
    throw new Error(`${runFilePath(dataDir)} is of another version of Platte; stop that one first, or delete the file`);
  return isAlive(parsed.data.pid) ? parsed.data : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
