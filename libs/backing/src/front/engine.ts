// chdb as a set of sessions. A session is opened for each statement and closed after it (a quarter of a millisecond,
// measured): settings and parameters die with it, so that none can leak into the next request, which is what happens in a
// session that is used again (a deduplication token that stayed made later inserts vanish).
//
// One statement at a time runs in a session, and statements take the machine's memory: so lanes bound how many run, and
// how many wait. Writes have a lane of their own, so that a long read never holds up what analytics stores.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRecord } from '../json.js';
import { ClickhouseError, toClickhouseError } from './clickhouse-error.js';
import { makeLane } from './lane.js';
import type { Settings } from './users.js';

export interface EngineSummary {
  elapsedSeconds: number;
  readRows: number;
  readBytes: number;
}

export interface Work {
  queryId: string;
  sql: string;
  format: string;
  database: string | undefined;
  parameters: ReadonlyMap<string, string>;
  settings: Settings;
  /** The client went away: the engine is told to stop, also in the middle of a long aggregation. */
  signal: AbortSignal;
}

export type LaneName = 'read' | 'write';

export interface Engine {
  version: string;
  /** The whole result at once. */
  run(work: Work, lane: LaneName): Promise<{ bytes: Uint8Array; summary: EngineSummary }>;
  /**
   * The result in pieces of whole rows; only for formats without a head and a tail. The next piece is made when `write`
   * of the last one is done.
   */
  stream(work: Work, write: (piece: Uint8Array) => Promise<void>): Promise<void>;
  /** Ends what still runs after a while, and releases the data folder. */
  close(): Promise<void>;
}

/** The part of chdb's interface that is used here. */
interface ChdbSession {
  queryAsync(sql: string, options: { format: string }): Promise<ChdbResult>;
  queryStream(sql: string, options: { format: string }): AsyncIterable<ChdbPiece>;
  close(): void;
}

interface ChdbPiece {
  numRows: number;
  raw(): Uint8Array;
}

interface ChdbResult {
  elapsed: number;
  rowsRead: number;
  bytesRead: number;
  bytes(): Uint8Array;
}

interface Chdb {
  Session: new (path: string) => ChdbSession;
  drainPending(): Promise<void>;
}

/** Reads that run side by side: a dashboard asks for about that many panels at once. */
const readsMax = 6;
/** Two, so that a small insert need not wait for a large one. */
const writesMax = 2;
/** Waiting ones of each lane: more than this will have given up before their turn. */
const waitingMax = 200;
/** Bytes, ClickHouse's default for `max_query_size`; a character has at most 4. */
const querySizeMax = 256 * 1024;
/** How long a stop waits for statements before it has them killed. */
const drainMsMax = 5000;

/** @param engineFolder where chdb was installed by npm */
export async function openEngine(place: { engineFolder: string; dataDir: string }): Promise<Engine> {
  const chdb = loadChdb(place.engineFolder);
  const open = (): ChdbSession => new chdb.Session(place.dataDir);
  // Held open: the engine ends with its last session. It also sends the kills.
  const control = open();
  const version = (await runText(control, 'select version()')).trim();
  const lanes = { read: makeLane(readsMax, waitingMax), write: makeLane(writesMax, waitingMax) };
  const running = new Set<string>();
  let killing = Promise.resolve('');
  const kill = (queryId: string): void => {
    const sql = `kill query where Settings['log_comment'] = ${quote(queryId)} async`;
    killing = killing.then(() => runText(control, sql)).catch(() => '');
  };

  function inSession<T>(work: Work, lane: LaneName, use: (session: ChdbSession) => Promise<T>): Promise<T> {
    return lanes[lane].run(work.signal, async () => {
      const session = open();
      const onAbort = (): void => kill(work.queryId);
      work.signal.addEventListener('abort', onAbort, { once: true });
      running.add(work.queryId);
      try {
        await prepare(session, work);
        return await use(session);
      } catch (error) {
        throw toClickhouseError(error);
      } finally {
        running.delete(work.queryId);
        work.signal.removeEventListener('abort', onAbort);
        session.close();
      }
    });
  }

  return {
    version,
    run: (work, lane) =>
      inSession(work, lane, async (session) => {
        const result = await session.queryAsync(work.sql, { format: work.format });
        const { elapsed: elapsedSeconds, rowsRead: readRows, bytesRead: readBytes } = result;
        return { bytes: result.bytes(), summary: { elapsedSeconds, readRows, readBytes } };
      }),
    stream: (work, write) =>
      inSession(work, 'read', async (session) => {
        const limit = Number(work.settings.get('max_result_rows') ?? 0);
        let rows = 0;
        for await (const piece of session.queryStream(work.sql, { format: work.format })) {
          if (work.signal.aborted) return;
          // The engine counts each piece for itself.
          rows += piece.numRows;
          if (limit > 0 && rows > limit) throw tooManyRows(limit, rows);
          await write(piece.raw());
        }
      }),
    close: async () => {
      const end = Date.now() + drainMsMax;
      while (running.size > 0 && Date.now() < end) await sleep(10);
      for (const queryId of running) kill(queryId);
      await killing;
      await chdb.drainPending();
      control.close();
    },
  };
}

function loadChdb(folder: string): Chdb {
  const module: unknown = createRequire(join(folder, 'package.json'))('chdb');
  if (!isChdb(module)) throw new Error(`${folder} holds no chdb that is known here. Remove it: it is fetched again`);
  return module;
}

function isChdb(module: unknown): module is Chdb {
  return isRecord(module) && typeof module['Session'] === 'function' && typeof module['drainPending'] === 'function';
}

/** The statement's own comment is how a kill finds it: chdb has no way to give a query an id. */
async function prepare(session: ChdbSession, { queryId, database, parameters, settings }: Work): Promise<void> {
  if (database !== undefined) await runText(session, `use ${quoteName(database)}`);
  const given = [...settings].filter(([name]) => name !== 'log_comment' && name !== 'readonly');
  const values = [
    ...given,
    ['log_comment', queryId] as const,
    ...[...parameters].map(([name, value]) => [`param_${name}`, value] as const),
  ];
  const sql = `set ${values.map(([name, value]) => `${assertName(name)} = ${quote(value)}`).join(', ')}`;
  // Long parameters come in a form just because they are no part of the query; its limit is not theirs.
  if (sql.length > querySizeMax / 4) await runText(session, `set max_query_size = ${4 * sql.length + querySizeMax}`);
  await runText(session, sql);
  const readonly = settings.get('readonly');
  // Last: nothing can be set after it.
  if (readonly !== undefined) await runText(session, `set readonly = ${quote(readonly)}`);
}

async function runText(session: ChdbSession, sql: string): Promise<string> {
  return new TextDecoder().decode((await session.queryAsync(sql, { format: 'TSV' })).bytes());
}

function tooManyRows(limit: number, rows: number): ClickhouseError {
  const what = `Limit for result exceeded, max rows: ${limit}, current rows: ${rows}`;
  return new ClickhouseError(396, 'TOO_MANY_ROWS_OR_BYTES', what);
}

function assertName(name: string): string {
  if (/^\w+$/.test(name)) return name;
  throw new ClickhouseError(115, 'UNKNOWN_SETTING', `Unknown setting '${name}'`);
}

export function quote(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

function quoteName(text: string): string {
  return `\`${text.replace(/[\\`]/g, '\\$&')}\``;
}
