// An api for tests, over real stores: a database of its own, its own port, and a token for each role. Its `fetch` checks
// every answer against the table of operations: a status or a shape that is not documented fails the test that saw it.
import { randomBytes } from 'node:crypto';
import {
  apiPrefix,
  makeClient,
  operations,
  Problem,
  problemKinds,
  problemsOf,
  type Client,
  type Operation,
  type Role,
} from '@platte/api-contract';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { createDatabase, migrateHistory, openHistory, type History } from '@platte/history';
import { makeHealth, makeLog } from '@platte/service';
import { addToken, closeStore, makeFreshDatabase, openStore, type Store } from '@platte/state-store';
import { z } from 'zod';
import { startApiServer } from '../api-server.js';
import { answerCommands } from './policy-stand-in.js';
import { makeRunCommand } from '../commands.js';
import { makeIdentify } from '../identify.js';
import type { OidcConfig } from '../sign-in/oidc-config.js';
import { makeSignIn } from '../sign-in/sign-in-routes.js';

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
  makeToken(options: { role: Role; applications?: string[]; expiresAt?: number }): Promise<string>;
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
}

export async function startApi({
  postgresUrl,
  natsUrl,
  clickhouseUrl,
  oidc,
  now = Date.now,
}: Servers & Options): Promise<RunningApi> {
  const database = await makeFreshDatabase(postgresUrl);
  const store = openStore({ url: database.url });
  const log = makeLog({ program: 'api', level: process.env['TEST_LOG'] ?? 'silent' });
  const nc = await connect({ servers: natsUrl });
  const address = { ...toHistoryAddress(clickhouseUrl), log };
  await createDatabase(address, { cluster: '' });
  const history = openHistory(address);
  await migrateHistory(history);
  const health = makeHealth();
  const nats = { live: () => nc };
  const logPrefix = `test-${randomBytes(6).toString('hex')}`;
  const subject = `test.${randomBytes(6).toString('hex')}`;
  answerCommands(nc, subject, store);
  const signIn = oidc && makeSignIn({ config: oidc, store, now, log });
  const server = await startApiServer({
    host: '127.0.0.1',
    port: 0,
    parts: {
      store,
      history,
      nats,
      logPrefix,
      runCommand: makeRunCommand({ nats, timeoutMs: 5000, subject }),
      log,
      health,
      now,
      version: '0.0.0-test',
    },
    identify: makeIdentify({ store, now, log, sessions: signIn?.sessions }),
    signIn,
    requestsPerMinute: 100_000,
  });
  const makeToken: RunningApi['makeToken'] = async ({ role, applications, expiresAt }) => {
    const id = randomBytes(6).toString('hex');
    const secret = randomBytes(24).toString('base64url');
    await addToken(store.pool, {
      id,
      secret,
      name: `test ${role}`,
      role,
      applications: applications ?? null,
      createdBy: 'test',
      createdAt: 1,
      expiresAt: expiresAt ?? null,
    });
    return `plt_${id}_${secret}`;
  };
  const tokens = {
    viewer: await makeToken({ role: 'viewer' }),
    operator: await makeToken({ role: 'operator' }),
    admin: await makeToken({ role: 'admin' }),
  };
  const clientOf = (token: string) => makeClient({ url: server.url, token, fetch: checkedFetch(tokens.admin) });
  return {
    url: server.url,
    store,
    history,
    nc,
    logPrefix,
    tokens,
    clientOf,
    admin: clientOf(tokens.admin),
    fetch: checkedFetch(tokens.admin),
    makeToken,
    async stop() {
      await server.close();
      await history.run(`drop database ${history.database}`);
      await history.close();
      await nc.drain();
      await closeStore(store);
      await database.drop();
    },
  };
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

function checkedFetch(token: string): typeof globalThis.fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    if (!request.headers.has('authorization')) request.headers.set('authorization', `Bearer ${token}`);
    const response = await fetch(request);
    await assertDocumented(request, response.clone());
    return response;
  };
}

async function assertDocumented(request: Request, response: Response): Promise<void> {
  const path = new URL(request.url).pathname.slice(apiPrefix.length);
  const operation = Object.values<Operation>(operations).find(
    (one) => one.method === request.method && new RegExp(`^${one.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(path),
  );
  const where = `${request.method} ${path} answered ${response.status}`;
  if (!operation) return;
  if (response.status === operation.status) {
    if (operation.response && operation.produces === undefined)
      toStrict(operation.response).parse(await response.json());
    return;
  }
  const problem = Problem.parse(await response.json());
  const documented = problemsOf(operation).some(
    (name) => problem.type.endsWith(`:${name}`) && problemKinds[name].status === response.status,
  );
  if (!documented) throw new Error(`${where} with ${problem.type}, which is not documented: ${problem.detail}`);
}

/** A field that the contract does not know would be dropped silently by its schema; in tests it is an error. */
function toStrict(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodObject) {
    const shape = Object.entries(schema.shape as Record<string, z.ZodType>).map(([key, value]) => [
      key,
      toStrict(value),
    ]);
    return z.strictObject(Object.fromEntries(shape) as Record<string, z.ZodType>);
  }
  if (schema instanceof z.ZodArray) return z.array(toStrict(schema.element as z.ZodType));
  if (schema instanceof z.ZodNullable) return toStrict(schema.unwrap() as z.ZodType).nullable();
  if (schema instanceof z.ZodOptional) return toStrict(schema.unwrap() as z.ZodType).optional();
  return schema;
}
