// An api beside that of a test, over the same stores but without some of them: what callers get while something is away.
import { openHistory } from '@platte/history';
import { makeHealth, makeLog } from '@platte/service';
import { closeStore, openStore } from '@platte/state-store';
import { startApiServer } from '../api-server.js';
import { makeRunCommand } from '../commands.js';
import { makeIdentify } from '../identify.js';
import type { RunningApi } from './running-api.js';

export interface Away {
  postgres?: boolean;
  clickhouse?: boolean;
  nats?: boolean;
  /** Where commands go; nobody listens unless it is said. */
  subject?: string;
  requestsPerMinute?: number;
}

/** Nothing listens there: a port that only root may open, and nobody does. */
const dead = '127.0.0.1:1';

export interface LackingApi {
  url: string;
  stop(): Promise<void>;
}

export async function startApiWithout(api: RunningApi, away: Away): Promise<LackingApi> {
  const log = makeLog({ program: 'api', level: 'silent' });
  const store = away.postgres ? openStore({ url: `postgres://${dead}/x` }) : api.store;
  const lost = { url: `http://${dead}`, user: 'x', password: 'x', database: 'x', log };
  const history = away.clickhouse ? openHistory(lost) : api.history;
  const nats = { live: () => (away.nats ? undefined : api.nc) };
  const { subject = 'test.nobody', requestsPerMinute = 100_000 } = away;
  const server = await startApiServer({
    host: '127.0.0.1',
    port: 0,
    parts: {
      store,
      history,
      nats,
      logPrefix: api.logPrefix,
      runCommand: makeRunCommand({ nats, timeoutMs: 200, subject }),
      log,
      health: makeHealth(),
      streamsPerCaller: 20,
      now: Date.now,
      version: '0.0.0-test',
    },
    identify: makeIdentify({ store, now: Date.now, log }),
    requestsPerMinute,
  });
  return {
    url: server.url,
    async stop() {
      await server.close();
      if (away.clickhouse) await history.close();
      if (away.postgres) await closeStore(store);
    },
  };
}

export async function withApiWithout(
  api: RunningApi,
  away: Away,
  work: (lacking: LackingApi) => Promise<void>,
): Promise<void> {
  const lacking = await startApiWithout(api, away);
  try {
    await work(lacking);
  } finally {
    await lacking.stop();
  }
}
