// Where the log and both stores are: of the platform that runs here, or as the programs' own variables say.
import { randomUUID } from 'node:crypto';
import { connectNats, type NatsConnection } from '@platte/fact-log';
import { type History, type HistoryOptions, openHistory } from '@platte/history';
import {
  checkNatsSettings,
  checkPostgresSettings,
  clickhouseSettings,
  natsSettings,
  parseConfig,
  postgresSettings,
  toNatsAccess,
  withPostgresTls,
} from '@platte/service';
import { closeStore, openStore, type Store } from '@platte/state-store';
import { z } from 'zod';
import type { RunFile } from '../up/run-file.js';

export interface Stores {
  nats: NatsConnection;
  /** Of the names in NATS: tests have their own. */
  prefix?: string | undefined;
  postgresUrl: string;
  store: Store;
  history: History;
  historyOptions: HistoryOptions;
}

const Settings = z
  .object({ ...natsSettings, ...postgresSettings, ...clickhouseSettings })
  .superRefine(checkNatsSettings)
  .superRefine(checkPostgresSettings);
type Settings = z.infer<typeof Settings>;

/** What is wrong with them, one line each, where they do not say where everything is. */
export function settingsOf(run: RunFile | undefined): { settings: Settings } | { problems: readonly string[] } {
  const parsed = parseConfig(Settings, run === undefined ? process.env : { ...withoutFiles(), ...toVariables(run) });
  return parsed.status === 'good' ? { settings: withPostgresTls(parsed.config) } : { problems: parsed.problems };
}

/** Files of secrets and certificates are of another platform than the one that runs here. */
function withoutFiles(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^PLATTE_\w+_FILE$/.test(name)));
}

function toVariables({ servers, sql }: RunFile): Record<string, string> {
  const { nats, postgres, clickhouse } = servers;
  return {
    PLATTE_NATS_URL: nats?.url ?? '',
    PLATTE_NATS_USER: nats?.user ?? '',
    PLATTE_NATS_PASSWORD: nats?.password ?? '',
    PLATTE_POSTGRES_URL: postgres?.url ?? '',
    PLATTE_CLICKHOUSE_URL: clickhouse?.url ?? '',
    PLATTE_CLICKHOUSE_USER: clickhouse?.user ?? '',
    PLATTE_CLICKHOUSE_PASSWORD: clickhouse?.password ?? '',
    PLATTE_CLICKHOUSE_DATABASE: sql.database,
  };
}

export async function withStores<T>(
  settings: Settings,
  say: (line: string) => void,
  work: (stores: Stores) => Promise<T>,
): Promise<T> {
  const { postgresUrl } = settings;
  const nats = await connectNats({
    ...toNatsAccess(settings),
    name: `platte-replay-${randomUUID()}`,
    say,
  });
  const store = openStore({ url: postgresUrl });
  const historyOptions = {
    url: settings.clickhouseUrl,
    user: settings.clickhouseUser,
    password: settings.clickhousePassword ?? '',
    database: settings.clickhouseDatabase,
    caFile: settings.clickhouseCaFile,
    log: { info: () => {}, warn: () => {} },
    readSecondsMax: 600,
  };
  const history = openHistory(historyOptions);
  try {
    return await work({ nats, postgresUrl, store, history, historyOptions });
  } finally {
    await Promise.all([nats.close(), closeStore(store), history.close()]);
  }
}
