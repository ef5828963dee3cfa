// The first admin: a token that whoever starts the programs gives by environment or file. Platte has no default one.
import { readFile } from 'node:fs/promises';
import { platte } from '@platte/facts';
import { putBootstrapToken, type Store } from '@platte/state-store';
import type { Config } from './config.js';
import { parseToken } from './identify.js';

export async function installBootstrapToken(config: Config, store: Store, now: number): Promise<void> {
  const text = config.bootstrapToken ?? (await readTokenFile(config.adminTokenFile));
  if (text === undefined) return;
  const parts = parseToken(text);
  if (!parts)
    throw new Error(
      'the admin token (PLATTE_BOOTSTRAP_TOKEN, PLATTE_ADMIN_TOKEN_FILE) should be plt_<12 small letters or digits>_<16 to 128 letters, digits, - or _>',
    );
  await putBootstrapToken(store.pool, {
    ...parts,
    name: 'admin',
    role: 'admin',
    applications: null,
    createdBy: platte,
    createdAt: now,
    expiresAt: null,
  });
}

async function readTokenFile(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  return (await readFile(file, 'utf8')).trim();
}
