// The one place that knows @clickhouse/client, but for its errors. Every statement names all its settings: an embedded engine keeps what an
// earlier statement set, and a server's profile may say something else.
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { ClickHouseLogLevel, type ClickHouseSettings, createClient } from '@clickhouse/client';
import { openReader, type Params } from './reader.js';
import { NoAnswer, runWatched } from './watched-statement.js';

export interface HistoryLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface HistoryOptions {
  /** `http://127.0.0.1:8123`, without credentials. */
  url: string;
  user: string;
  password: string;
  database: string;
  log: HistoryLog;
  /** PEM of the authorities that an `https` server's certificate may come from; without it, those that Node knows. */
  caFile?: string | undefined;
  /** Of a cluster: how many replicas of a shard must have what is written, before it counts as written. */
  insertQuorum?: 'auto' | `${number}` | undefined;
  /** A question without an answer for so long is given up, also by a server that says nothing at all: 60 unless given. */
  readSecondsMax?: number | undefined;
  /** Between two looks whether ClickHouse still works on a statement: 5 s. Shorter in tests. */
  lookMs?: number | undefined;
}

export type { Params };

export interface History {
  readonly database: string;
  readonly log: HistoryLog;
  /** Rows of a question; 64-bit integers come as numbers (ours stay below 2^53), moments as milliseconds. */
  read<Row>(question: string, params?: Params): Promise<Row[]>;
  /** A statement without an answer. */
  run(statement: string, params?: Params): Promise<void>;
  /** `insert into … format Native` with its block. */
  insert(statement: string, rows: Uint8Array): Promise<void>;
  /** Throws with the cause when the engine does not answer. */
  ping(): Promise<void>;
  /** Another database, or the same on another host of the cluster, as the same user; to be closed by itself. */
  beside(place: { database?: string; host?: string }): History;
  close(): Promise<void>;
}

/** Longer than any question over a million machines. */
const readSecondsMaxDefault = 60;
/** For the engine to say itself that a question took too long, with its reasons. */
const graceMs = 500;
/** A rebuild from nothing over a billion facts goes in slices, each well below this. */
const writeSecondsMax = 600;
/** A full batch of 50,000 facts takes a second or two; an embedded engine may let it wait for its turn. */
const insertSecondsMax = 120;
const pingSecondsMax = 5;
const lookMsDefault = 5_000;
/** Headers and a handful of slow statements: more would only queue in the engine. */
const connectionsMax = 16;

const everywhere: ClickHouseSettings = {
  // A leaked token would make inserts vanish with success; our keys make repeats harmless.
  insert_deduplication_token: '',
  async_insert: 0,
  // Merging replaced rows at insert takes four times as long as the insert; reading with FINAL and merges do it anyway.
  optimize_on_insert: 0,
  // Partitions are functions of the sorting keys: no row of one can replace a row of another.
  do_not_merge_across_partitions_select_final: 1,
  output_format_json_quote_64bit_integers: 0,
  join_use_nulls: 0,
  final: 0,
  // Of a cluster: what is asked about a machine within a question lies on the shard of that machine (cluster.ts).
  distributed_product_mode: 'local',
};
const readSettings: ClickHouseSettings = {
  ...everywhere,
  max_result_rows: '1000000',
  result_overflow_mode: 'throw',
  // A table of states is one large part and a few small ones: merging them in layers took 177 ms where this takes 99, for
  // a breakdown of a million machines on a busy machine.
  split_intersecting_parts_ranges_into_layers_final: 0,
};
const writeSettings: ClickHouseSettings = {
  ...everywhere,
  max_execution_time: writeSecondsMax,
  max_result_rows: '0',
  parallel_view_processing: 1,
  // Of a cluster: an insert that returned is on its shards, and one that is repeated is written again, as on one server.
  distributed_foreground_insert: 1,
  insert_deduplicate: 0,
};

/** Opens no connection yet: the first statement does. */
export function openHistory(options: HistoryOptions): History {
  const { url, user, password, database, log, insertQuorum = '0', readSecondsMax = readSecondsMaxDefault } = options;
  const { lookMs = lookMsDefault } = options;
  const reads = { ...readSettings, max_execution_time: readSecondsMax };
  const writes = { ...writeSettings, insert_quorum: insertQuorum };
  const ca = options.caFile === undefined ? undefined : readFileSync(options.caFile);
  const client = createClient({
    url,
    ...(ca !== undefined && { tls: { ca_cert: ca } }),
    username: user,
    password,
    database,
    max_open_connections: connectionsMax,
    request_timeout: writeSecondsMax * 1000,
    keep_alive: { enabled: true },
    // Errors reach the caller, who logs them once.
    log: { level: ClickHouseLogLevel.OFF },
  });
  const reader = openReader({ url, user, password, database, settings: reads, connectionsMax, ca });
  return {
    database,
    log,
    read: <Row>(question: string, params: Params = {}) =>
      answerWithin(readSecondsMax, (deadline) => reader.ask<Row>(question, params, deadline)),
    run: (query, query_params = {}) =>
      runWatched({
        send: (query_id, abort_signal) =>
          client.command({ query, query_params, query_id, abort_signal, clickhouse_settings: writes }),
        isWorkedOn: async (queryId) =>
          (await reader.ask(findProcess, { queryId }, AbortSignal.timeout(pingSecondsMax * 1000))).length > 0,
        secondsMax: writeSecondsMax + graceMs / 1000,
        lookMs,
      }),
    insert: (statement, rows) =>
      answerWithin(insertSecondsMax, async (abort_signal) => {
        const values = Readable.from([rows], { objectMode: false });
        const clickhouse_settings = { ...writes, max_execution_time: insertSecondsMax };
        const { stream } = await client.exec({ query: statement, values, abort_signal, clickhouse_settings });
        // The socket is free for the next statement only once the answer is read.
        stream.resume();
        await new Promise<void>((resolve, reject) => stream.once('close', resolve).once('error', reject));
      }),
    ping: () =>
      answerWithin(pingSecondsMax, async (abort_signal) => {
        const answer = await client.ping({ select: true, abort_signal });
        if (!answer.success) throw answer.error;
      }),
    beside: ({ database: other = database, host }) =>
      openHistory({ ...options, database: other, url: host === undefined ? url : withHost(url, host) }),
    async close() {
      reader.close();
      await client.close();
    },
  };
}

/** The embedded engine gives a statement no id, and keeps ours at the beginning of its comment. */
const findProcess = `
  select 1 from system.processes
  where query_id = {queryId:String} or startsWith(Settings['log_comment'], {queryId:String})`;

/** With a moment for the engine to say itself that it took too long. */
async function answerWithin<T>(seconds: number, send: (deadline: AbortSignal) => Promise<T>): Promise<T> {
  const deadline = AbortSignal.timeout(seconds * 1000 + graceMs);
  try {
    return await send(deadline);
  } catch (cause) {
    throw deadline.aborted ? new NoAnswer(`ClickHouse did not answer within ${seconds} s`, { cause }) : cause;
  }
}

function withHost(url: string, host: string): string {
  const other = new URL(url);
  other.hostname = host;
  return other.origin;
}
