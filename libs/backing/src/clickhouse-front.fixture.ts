// An embedded engine of their own for the tests of its front, and the calls that they share.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { cacheFolder } from './cache-folder.js';
import { type RunningClickhouse, startClickhouse } from './clickhouse.js';

type ClientOptions = NonNullable<Parameters<typeof createClient>[0]>;

interface Running {
  folder: string;
  server: RunningClickhouse;
  client: ClickHouseClient;
  reader: ClickHouseClient;
}

/** What runs is there within tests, not before. */
export interface Front extends Readonly<Running> {
  connect(options?: Partial<ClientOptions>): ClickHouseClient;
  rows<T>(query: string, options?: RowOptions): Promise<T[]>;
}

export interface RowOptions {
  client?: ClickHouseClient;
  settings?: Record<string, string>;
  parameters?: Record<string, unknown>;
}

/** Each test finds an empty table `t`. With a PATH on which no real ClickHouse is found. */
export function useFront(): Front {
  let running: Running | undefined;
  beforeAll(async () => {
    running = await startFront();
  });
  afterAll(async () => {
    const { client, reader, server, folder } = now();
    await Promise.all([client.close(), reader.close()]);
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    await now().client.command({ query: makeTable });
  });
  function now(): Running {
    if (running === undefined) throw new Error('the engine runs within tests only');
    return running;
  }
  return {
    get folder() {
      return now().folder;
    },
    get server() {
      return now().server;
    },
    get client() {
      return now().client;
    },
    get reader() {
      return now().reader;
    },
    connect: (options) => connectTo(now().server, options),
    rows: (query, { client = now().client, ...options } = {}) => readRows(client, query, options),
  };
}

async function startFront(): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), 'platte-front-'));
  const server = await startClickhouse({ dataDir: folder, cacheDir: cacheFolder(), env: { PATH: '' } });
  const reader = { username: server.reader.user, password: server.reader.password };
  return { folder, server, client: connectTo(server), reader: connectTo(server, reader) };
}

function connectTo(server: RunningClickhouse, options: Partial<ClientOptions> = {}): ClickHouseClient {
  const { url, user: username, password } = server;
  return createClient({ url, username, password, log: { level: ClickHouseLogLevel.OFF }, ...options });
}

async function readRows<T>(
  client: ClickHouseClient,
  query: string,
  { settings, parameters }: RowOptions,
): Promise<T[]> {
  const answer = await client.query({
    query,
    format: 'JSONEachRow',
    clickhouse_settings: settings ?? {},
    ...(parameters === undefined ? {} : { query_params: parameters }),
  });
  return answer.json<T>();
}

const makeTable = `
  create or replace table t (a UInt32, b String default 'default')
  engine = MergeTree order by a
  settings non_replicated_deduplication_window = 100`;

/** What it was refused with. */
export async function failure(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
    return 'no error';
  } catch (error) {
    return error;
  }
}

/** How many rows came before the end or the error. */
export async function countStream(pieces: AsyncIterable<readonly unknown[]>): Promise<number> {
  let count = 0;
  for await (const piece of pieces) count += piece.length;
  return count;
}
