// The life of each server on its own data: first start, stop, crash, and the next start.
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@clickhouse/client';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Client } from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cacheFolder } from './cache-folder.js';
import { startClickhouse } from './clickhouse.js';
import { identify, isAlive } from './process-identity.js';
import { startNats } from './nats.js';
import { startPostgres } from './postgres.js';
import type { RunningServer, StartOptions } from './server.js';

let folder: string;
let running: RunningServer[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platte-backing-'));
  running = [];
});
afterEach(async () => {
  await Promise.all(running.map((server) => server.stop()));
  await rm(folder, { recursive: true, force: true });
});

/** Small scripts that tell old versions must not stand in for what the machine has: its own PATH, without a ClickHouse. */
async function start<S extends RunningServer>(how: (options: StartOptions) => Promise<S>, port = 0): Promise<S> {
  const server = await how({ dataDir: join(folder, how.name), cacheDir: cacheFolder(), port });
  running.push(server);
  return server;
}

/** Whether a question is answered within a second. */
function isAnswered(server: RunningServer): Promise<boolean> {
  return server.ask(AbortSignal.timeout(1_000)).then(
    () => true,
    () => false,
  );
}

function kill(server: RunningServer): Promise<unknown> {
  process.kill(server.pid, 'SIGKILL');
  return server.exited;
}

async function withNats<T>(
  { url, user, password }: RunningServer,
  use: (nc: Awaited<ReturnType<typeof connect>>) => Promise<T>,
): Promise<T> {
  const nc = await connect({ servers: url, user, pass: password, reconnect: false });
  try {
    return await use(nc);
  } finally {
    await nc.close();
  }
}

function command({ url, user, password }: RunningServer, query: string): Promise<unknown> {
  return createClient({ url, username: user, password }).command({ query });
}

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

it('keeps the streams and the password of a nats-server through a kill', async () => {
  const first = await start(startNats);
  await withNats(first, async (nc) => {
    await (await jetstreamManager(nc)).streams.add({ name: 'KEPT', subjects: ['kept'] });
    await jetstream(nc).publish('kept', 'a fact');
  });
  await kill(first);
  const second = await start(startNats, first.port);
  expect(second).toMatchObject({ url: first.url, password: first.password });
  const info = await withNats(second, async (nc) => (await jetstreamManager(nc)).streams.info('KEPT'));
  expect(info.state.messages).toBe(1);
});

it('lets nobody into nats-server without the password', async () => {
  const { url } = await start(startNats);
  await expect(connect({ servers: url, reconnect: false })).rejects.toThrow(/authorization/i);
});

it('keeps the rows and the password of a PostgreSQL through a kill', async () => {
  const first = await start(startPostgres);
  await ask(first.url, 'create table kept as select 1 as n');
  await kill(first);
  const second = await start(startPostgres, first.port);
  expect(second.url).toBe(first.url);
  expect(await ask(second.url, 'select n from kept')).toEqual([{ n: 1 }]);
});

it('keeps what PostgreSQL has answered on disk, and nobody in without the password', async () => {
  const { url, password } = await start(startPostgres);
  const settings = await ask(
    url,
    `select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'listen_addresses') order by name`,
  );
  expect(settings).toEqual([
    { name: 'fsync', setting: 'on' },
    { name: 'listen_addresses', setting: '127.0.0.1' },
    { name: 'synchronous_commit', setting: 'on' },
  ]);
  await expect(ask(url.replace(password, 'wrong'), 'select 1')).rejects.toThrow(/password authentication failed/);
});

it('never runs PostgreSQL as root', async () => {
  const { pid } = await start(startPostgres);
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => 'Uid:\t1000\t');
  expect(status).not.toMatch(/^Uid:\t0\t/m);
});

it('keeps the rows and the passwords of the embedded ClickHouse through a kill', async () => {
  const first = await start(startClickhouse);
  await command(first, 'create table kept (n UInt8) engine = MergeTree order by n');
  await command(first, 'insert into kept values (1)');
  await kill(first);
  const second = await start(startClickhouse, first.port);
  expect(second).toMatchObject({ url: first.url, password: first.password, reader: first.reader });
  const rows = await createClient({ url: second.url, username: 'reader', password: second.reader.password }).query({
    query: 'select n from kept',
    format: 'JSONEachRow',
  });
  expect(await rows.json()).toEqual([{ n: 1 }]);
});

it.each([
  ['nats-server', startNats],
  ['PostgreSQL', startPostgres],
  ['the embedded ClickHouse', startClickhouse],
] as const)('%s answers whoever asks, and not while it hangs', async (_, how) => {
  const server: RunningServer = await start<RunningServer>(how);
  await server.ask(AbortSignal.timeout(60_000));
  process.kill(server.pid, 'SIGSTOP');
  try {
    // The signal may come a moment later than the first question.
    while (await isAnswered(server));
  } finally {
    process.kill(server.pid, 'SIGCONT');
  }
  await server.ask(AbortSignal.timeout(60_000));
  await kill(server);
  await expect(server.ask(AbortSignal.timeout(60_000))).rejects.toThrow(/ECONNREFUSED|fetch failed/);
});

it('waits for a server that still stops on the same data', async () => {
  const first = await start(startPostgres);
  const stopping = first.stop();
  const second = await start(startPostgres);
  expect(isAlive(identify(second.pid))).toBe(true);
  await stopping;
});

it('keeps each secret in a file that only its owner reads', async () => {
  await Promise.all([start(startNats), start(startPostgres), start(startClickhouse)]);
  const secrets = [
    'startNats/password',
    'startNats/nats.conf',
    'startPostgres/password',
    'startClickhouse/password',
    'startClickhouse/reader-password',
    'startClickhouse/front.json',
  ];
  const modes = await Promise.all(secrets.map(async (secret) => (await stat(join(folder, secret))).mode & 0o777));
  expect(modes).toEqual(secrets.map(() => 0o600));
});
