// A PostgreSQL with a streaming standby that has every commit before it is acknowledged, and can take the primary's place.
// The standby starts as a copy of the stopped primary: pg_basebackup is not among the programs that npm brings.
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, type RunningServer, startPostgres } from '@platte/backing';
import { openStore, closeStore } from '@platte/state-store';
import { expect } from 'vitest';

const run = promisify(execFile);

export interface ReplicatedPostgres {
  primary: RunningServer;
  standby: RunningServer;
  /** The standby becomes a primary of its own. */
  promote: () => Promise<void>;
  stop: () => Promise<void>;
}

export async function startReplicatedPostgres(folder: string): Promise<ReplicatedPostgres> {
  const place = (name: string) => ({ dataDir: join(folder, name), cacheDir: cacheFolder() });
  const first = await startPostgres(place('primary'));
  const { host, port, user, password } = first;
  const source = `host=${host} port=${port} user=${user} password=${password}`;
  await query(first.url, `alter system set primary_conninfo = '${source}'`);
  await first.stop();
  await copyCluster(join(folder, 'primary'), join(folder, 'standby'));
  const primary = await startPostgres({ ...place('primary'), port });
  const standby = await startPostgres(place('standby'));
  await query(primary.url, `alter system set synchronous_standby_names = '*'`);
  await query(primary.url, 'select pg_reload_conf()');
  const selectSync = `select 1 from pg_stat_replication where sync_state = 'sync'`;
  await expect.poll(() => query(primary.url, selectSync), { timeout: 30_000 }).toHaveLength(1);
  return {
    primary,
    standby,
    promote: async () => void (await query(standby.url, 'select pg_promote()')),
    stop: async () => void (await Promise.all([primary.stop(), standby.stop()])),
  };
}

/** `cp -a` keeps the owner: as root the server runs as another user. */
async function copyCluster(from: string, to: string): Promise<void> {
  await mkdir(to, { mode: 0o711 });
  await run('cp', ['-a', join(from, 'cluster'), join(from, 'password'), to]);
  // Any file of this name says that the folder is a standby's.
  await run('cp', ['-a', join(to, 'cluster/PG_VERSION'), join(to, 'cluster/standby.signal')]);
}

async function query(url: string, text: string): Promise<unknown[]> {
  const store = openStore({ url, poolMax: 1 });
  try {
    return (await store.pool.query(text)).rows;
  } finally {
    await closeStore(store);
  }
}
