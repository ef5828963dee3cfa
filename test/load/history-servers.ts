// What the history bench runs against: the three servers of its own in a temporary folder, so that bytes on disk and
// memory are this run's alone. Only the engine's folder may be one that stays.
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, type RunningClickhouse, startClickhouse, startNats, startPostgres } from '@platte/backing';
import { createDatabase, type History, migrateHistory, openHistory } from '@platte/history';
import { type FreshDatabase, makeFreshDatabase } from '@platte/state-store';

export interface HistoryServers {
  natsUrl: string;
  postgres: FreshDatabase;
  clickhouse: { url: string; user: string; password: string };
  /** A database of its own in the one engine. */
  openHistory: (database: string) => Promise<History>;
  /** The same, and nothing in it that a run before left there. */
  openEmptyHistory: (database: string) => Promise<History>;
  /** Resident memory of the engine. */
  engineBytes: () => Promise<number>;
  stop: () => Promise<void>;
}

const silent = { info: () => {}, warn: () => {} };

/** @param dataDir of the engine, which then stays as it is in the end */
export async function startHistoryServers(
  dataDir: string | undefined,
  say: (line: string) => void,
): Promise<HistoryServers> {
  const folder = await mkdtemp(join(tmpdir(), 'platte-bench-'));
  if (dataDir !== undefined) await mkdir(dataDir, { recursive: true });
  const place = (name: string, parent = folder) => ({ dataDir: join(parent, name), cacheDir: cacheFolder(), say });
  const [nats, postgres, clickhouse] = await Promise.all([
    startNats({ ...place('nats'), auth: 'none' }),
    startPostgres(place('postgres')),
    startClickhouse(place('clickhouse', dataDir)),
  ]);
  const database = await makeFreshDatabase(postgres.url);
  const opened: History[] = [];
  const openAndKeep = async (name: string) => {
    const history = await openIn(clickhouse, name);
    opened.push(history);
    return history;
  };
  return {
    natsUrl: nats.url,
    postgres: database,
    clickhouse: { url: clickhouse.url, user: clickhouse.user, password: clickhouse.password },
    openHistory: openAndKeep,
    openEmptyHistory: async (name) => {
      await dropIn(clickhouse, name);
      return openAndKeep(name);
    },
    engineBytes: () => residentBytes(clickhouse.pid),
    stop: async () => {
      for (const history of opened) await history.close();
      await database.drop();
      await Promise.all([nats.stop(), postgres.stop(), clickhouse.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function dropIn({ url, user, password }: RunningClickhouse, database: string): Promise<void> {
  const outside = openHistory({ url, user, password, database: 'default', log: silent });
  await outside.run(`drop database if exists ${database} sync`);
  await outside.close();
}

async function openIn(clickhouse: RunningClickhouse, database: string): Promise<History> {
  const { url, user, password } = clickhouse;
  const options = { url, user, password, database, log: silent };
  await createDatabase(options, { cluster: '' });
  const history = openHistory(options);
  await migrateHistory(history);
  return history;
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) * 1024;
}
