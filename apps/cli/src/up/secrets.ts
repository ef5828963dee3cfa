// The secrets of one data folder: drawn at the first start, kept with mode 0600, never a default.
import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const Secrets = z.object({ adminToken: z.string().regex(/^plt_/) });
export type Secrets = z.infer<typeof Secrets>;

export async function makeSecrets(dataDir: string): Promise<Secrets> {
  const path = secretsPath(dataDir);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text !== undefined) return Secrets.parse(JSON.parse(text));
  const secrets: Secrets = { adminToken: drawAdminToken() };
  // `wx`: two first starts at once are kept apart by the lock on the folder; this only makes sure.
  await writeFile(path, toText(secrets), { mode: 0o600, flag: 'wx' });
  return secrets;
}

/** In one step: a process that dies meanwhile leaves the old file or the new one. */
export async function replaceAdminToken(dataDir: string, secrets: Secrets): Promise<Secrets> {
  const replaced: Secrets = { ...secrets, adminToken: drawAdminToken() };
  const path = secretsPath(dataDir);
  await writeFile(`${path}.new`, toText(replaced), { mode: 0o600 });
  await rename(`${path}.new`, path);
  return replaced;
}

const secretsPath = (dataDir: string): string => join(dataDir, 'secrets.json');

const toText = (secrets: Secrets): string => `${JSON.stringify(secrets, null, 2)}\n`;

const drawAdminToken = (): string => `plt_${randomBytes(6).toString('hex')}_${randomBytes(24).toString('base64url')}`;
