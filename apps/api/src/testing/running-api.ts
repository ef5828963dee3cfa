// An api for tests, over real stores: a database of its own, its own port, and a token for each role. Its `fetch` checks
// every answer against the table of operations: a status or a shape that is not documented fails the test that saw it.
import { randomBytes } from 'node:crypto';
import { makeClient, type Client, type Role } from '@platte/api-contract';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { createDatabase, migrateHistory, openHistory, type History } from '@platte/history';
import { makeHealth, makeLog, type Log } from '@platte/service';
import { addToken, closeStore, makeFreshDatabase, openStore, type Store } from '@platte/state-store';
import { startApiServer } from '../api-server.js';
import { checkedFetch } from './checked-fetch.js';
import { answerCommands } from './policy-stand-in.js';
import { makeRunCommand } from '../commands.js';
import { makeIdentify } from '../identify.js';
import type { OidcConfig } from '../sign-in/oidc-config.js';
import { makeSignIn } from '../sign-in/sign-in-routes.js';

interface TokenOptions {
  role: Role;
  applications?: string[];
  expiresAt?: number;
  name?: string;
}

export interface RunningApi {
  url: string;
  store: Store;
  history: History;
  nc: NatsConnection;
  logPrefix: string;
  tokens: Record<Role, string>;
  clientOf(token: string): Client;
  admin: Client;
  /** Signed in as admin unless the headers say otherwise; checks the answer. */
  fetch: typeof globalThis.fetch;
  makeToken(options: TokenOptions): Promise<string>;
  stop(): Promise<void>;
}

export interface Servers {
  postgresUrl: string;
  natsUrl: string;
  /** With user and password in it. */
  clickhouseUrl: string;
}

interface Options {
  oidc?: OidcConfig;
  now?: () => number;
  liveWaitingMax?: number;
  streamsPerCaller?: number;
  requestsPerMinute?: number;
  log?: Log;
}

export async function startApi(options: Servers & Options): Promise<RunningApi> {
  const {
    oidc,
    now = Date.now,
    liveWaitingMax,
    streamsPerCaller = 20,
    requestsPerMinute = 100_000,
    ...servers
  } = options;
  const log = options.log ?? makeLog({ program: 'api', level: process.env['TEST_LOG'] ?? 'silent' });
  const stores = await openStores(servers, log);
  const { store, history, nc } = stores;
  const nats = { live: () => nc };
  const logPrefix = `test-${randomBytes(6).toString('hex')}`;
  const subject = `test.${randomBytes(6).toString('hex')}`;
  answerCommands(nc, subject, store);
  const runCommand = makeRunCommand({ nats, timeoutMs: 5000, subject });
  const signIn = oidc && makeSignIn({ config: oidc, store, now, log });
  const server = await startApiServer({
    host: '127.0.0.1',
    port: 0,
    parts: {
      store,
      history,
      nats,
      logPrefix,
      runCommand,
      log,
      health: makeHealth(),
      streamsPerCaller,
      now,
      version: '0.0.0-test',
      ...(liveWaitingMax !== undefined && { liveWaitingMax }),
    },
    identify: makeIdentify({ store, now, log, sessions: signIn?.sessions }),
    signIn,
    requestsPerMinute,
  });
  const makeToken = (options: TokenOptions) => addTestToken(store, options);
  const [viewer, operator, admin] = [
    await makeToken({ role: 'viewer' }),
    await makeToken({ role: 'operator' }),
    await makeToken({ role: 'admin' }),
  ];
  const checked = checkedFetch(admin);
  const clientOf = (token: string) => makeClient({ url: server.url, token, fetch: checked });
  return {
    url: server.url,
    store,
    history,
    nc,
    logPrefix,
    tokens: { viewer, operator, admin },
    clientOf,
    admin: clientOf(admin),
    fetch: checked,
    makeToken,
    async stop() {
      await server.close();
      await stores.close();
    },
  };
}

/** A database of its own in each store. */
async function openStores({ postgresUrl, natsUrl, clickhouseUrl }: Servers, log: Log) {
  const database = await makeFreshDatabase(postgresUrl);
  const store = openStore({ url: database.url });
  const nc = await connect({ servers: natsUrl });
  const address = { ...toHistoryAddress(clickhouseUrl), log };
  await createDatabase(address, { cluster: '' });
  const history = openHistory(address);
  await migrateHistory(history);
  async function close(): Promise<void> {
    await history.run(`drop database ${history.database}`);
    await history.close();
    await nc.drain();
    await closeStore(store);
    await database.drop();
  }
  return { store, history, nc, close };
}

async function addTestToken(
  store: Store,
  { role, applications, expiresAt, name = `test ${role}` }: TokenOptions,
): Promise<string> {
  const id = randomBytes(6).toString('hex');
  const secret = randomBytes(24).toString('base64url');
  await addToken(store.pool, {
    id,
    secret,
    name,
    role,
    applications: applications ?? null,
    createdBy: { kind: 'rule', name: 'test' },
    createdAt: 1,
    expiresAt: expiresAt ?? null,
  });
  return `plt_${id}_${secret}`;
}

function toHistoryAddress(url: string) {
  const { origin, username, password } = new URL(url);
  return {
    url: origin,
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: `platte_test_${randomBytes(6).toString('hex')}`,
  };
}
