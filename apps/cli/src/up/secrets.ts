// The secrets of one data folder: drawn at the first start, kept with mode 0600, never a default.
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const Secrets = z.object({ adminToken: z.string().regex(/^plt_/) });
export type Secrets = z.infer<typeof Secrets>;

export async function makeSecrets(dataDir: string): Promise<Secrets> {
  const path = join(dataDir, 'secrets.json');
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text !== undefined) return Secrets.parse(JSON.parse(text));
  const secrets: Secrets = {
    adminToken: `plt_${randomBytes(6).toString('hex')}_${randomBytes(24).toString('base64url')}`,
  };
  // `wx`: two first starts at once are kept apart by the lock on the folder; this only makes sure.
  await writeFile(path, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  return secrets;
}
