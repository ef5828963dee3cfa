// chdb as a set of connections. A connection keeps what was set in it (a deduplication token that stayed made later inserts
// vanish): so it serves only requests of one database, one set of settings and one set of parameter names, and only as
// long as its statements set nothing themselves (connections.ts).
//
// One statement at a time runs in a connection, and statements take the machine's memory: so lanes bound how many run, and
// how many wait. Writes have a lane of their own, so that a long read never holds up what analytics stores.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ChdbConnection, loadChdb } from './chdb.js';
import { makeConnections, type Preparation } from './connections.js';
import { ClickhouseError, toClickhouseError } from './clickhouse-error.js';
import { makeLane } from './lane.js';

export interface EngineSummary {
  elapsedSeconds: number;
  readRows: number;
  readBytes: number;
}

export interface Work extends Preparation {
  queryId: string;
  sql: string;
  format: string;
  /** Gets what `EXPLAIN AST` prints of the statement, before it runs; throws to refuse it. */
  inspect?: ((tree: string) => void) | undefined;
  /** The client went away: the engine is told to stop, also in the middle of a long aggregation. */
  signal: AbortSignal;
}

/** People have a lane of their own, so that their long questions never hold up a program. */
export type LaneName = 'read' | 'people' | 'write';

export interface Engine {
  version: string;
  /** All functions that may be called, in lower case. */
  functionNames: ReadonlySet<string>;
  /** The whole result at once. */
  run(work: Work, lane: LaneName): Promise<{ bytes: Uint8Array; summary: EngineSummary }>;
  /**
   * The result in pieces of whole rows; only for formats without a head and a tail. The next piece is made when `write`
   * of the last one is done.
   */
  stream(work: Work, lane: Exclude<LaneName, 'write'>, write: (piece: Uint8Array) => Promise<void>): Promise<void>;
  /** Ends what still runs after a while, and releases the data folder. */
  close(): Promise<void>;
}

/** Reads that run side by side: a dashboard asks for about that many panels at once. */
const readsMax = 6;
/** Of people: three long ones leave a small machine to others. */
const peoplesMax = 3;
/** Two, so that a small insert need not wait for a large one. */
const writesMax = 2;
/** Waiting ones of each lane: more than this will have given up before their turn. */
const waitingMax = 200;
/** Bytes, ClickHouse's default for `max_query_size`; a character has at most 4. */
const querySizeMax = 256 * 1024;
/** How long a stop waits for statements before it has them killed, and then for the killed ones. */
const drainMsMax = 5000;
const killMsMax = 5000;
const killAgainMs = 200;

/** @param engineFolder where npm installed chdb */
export async function openEngine(place: { engineFolder: string; dataDir: string }): Promise<Engine> {
  const connect = loadChdb(place.engineFolder);
  const open = (): ChdbConnection => connect(place.dataDir);
  // Held open: the engine ends with its last connection.
  const control = open();
  const version = (await runText(control, 'select version()')).trim();
  const functionNames = await readFunctionNames(control);
  const lanes = {
    read: makeLane(readsMax, waitingMax),
    people: makeLane(peoplesMax, waitingMax),
    write: makeLane(writesMax, waitingMax),
  };
  const connections = makeConnections(open);
  const running = new Set<AbortController>();

  function inConnection<T>(work: Work, lane: LaneName, use: (connection: ChdbConnection) => Promise<T>): Promise<T> {
    return lanes[lane].run(work.signal, async () => {
      const { connection, isPrepared, release } = connections.take(work);
      const shutdown = new AbortController();
      running.add(shutdown);
      const mark = `${work.queryId} ${randomUUID()}`;
      // As with a real server, a write whose client went away is finished.
      const end = lane === 'write' ? shutdown.signal : AbortSignal.any([work.signal, shutdown.signal]);
      const stopKilling = killWhen(end, () => killMarked(control, mark));
      let isClean = false;
      try {
        await prepare(connection, work, { mark, isPrepared });
        if (work.inspect !== undefined) work.inspect(await explainTree(connection, work.sql));
        end.throwIfAborted();
        const result = await use(connection);
        isClean = !end.aborted;
        return result;
      } catch (error) {
        throw end.aborted ? cancelled() : toClickhouseError(error);
      } finally {
        stopKilling();
        release(isClean);
        running.delete(shutdown);
      }
    });
  }

  return {
    version,
    functionNames,
    run: (work, lane) =>
      inConnection(work, lane, async (connection) => {
        const { bytes, elapsed, rowsRead, bytesRead } = await connection.query(work.sql, work.format);
        return { bytes, summary: { elapsedSeconds: elapsed, readRows: rowsRead, readBytes: bytesRead } };
      }),
    stream: (work, lane, write) => inConnection(work, lane, (connection) => writeStream(connection, work, write)),
    close: async () => {
      await isEmptyWithin(running, drainMsMax);
      for (const shutdown of running) shutdown.abort();
      await isEmptyWithin(running, killMsMax);
      connections.close();
      control.close();
    },
  };
}

async function writeStream(
  connection: ChdbConnection,
  work: Work,
  write: (piece: Uint8Array) => Promise<void>,
): Promise<void> {
  const rowsMax = Number(work.settings.get('max_result_rows') ?? 0);
  const bytesMax = Number(work.settings.get('max_result_bytes') ?? 0);
  let rows = 0;
  let bytes = 0;
  for await (const piece of connection.stream(work.sql, work.format)) {
    if (work.signal.aborted) return;
    // The engine counts each piece for itself.
    rows += piece.numRows;
    bytes += piece.bytes.length;
    if (rowsMax > 0 && rows > rowsMax) throw tooMuch('rows', rowsMax, rows);
    if (bytesMax > 0 && bytes > bytesMax) throw tooMuch('bytes', bytesMax, bytes);
    await write(piece.bytes);
  }
}

/**
 * Again and again until it is over: a statement that has not begun when the first kill comes is not there to be killed.
 * @returns what ends it
 */
function killWhen(signal: AbortSignal, kill: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const begin = (): void => {
    kill();
    timer = setInterval(kill, killAgainMs);
  };
  signal.addEventListener('abort', begin, { once: true });
  return () => {
    signal.removeEventListener('abort', begin);
    clearInterval(timer);
  };
}

function killMarked(control: ChdbConnection, mark: string): void {
  // Whether it worked shows in the statement's own end.
  control.query(`kill query where Settings['log_comment'] = ${quote(mark)} async`, 'TSV').catch(() => {});
}

async function isEmptyWithin(set: ReadonlySet<unknown>, limitMs: number): Promise<boolean> {
  const end = Date.now() + limitMs;
  while (set.size > 0 && Date.now() < end) await sleep(10);
  return set.size === 0;
}

/**
 * @param mark how a kill finds the statement: chdb has no way to give one an id
 * @param isPrepared the connection served the same database, settings and names of parameters before
 */
async function prepare(
  connection: ChdbConnection,
  { database, parameters, settings }: Work,
  { mark, isPrepared }: { mark: string; isPrepared: boolean },
): Promise<void> {
  if (database !== undefined && !isPrepared) await runText(connection, `use ${quoteName(database)}`);
  const given = [...settings].filter(([name]) => name !== 'log_comment' && name !== 'readonly');
  const values = [
    ...(isPrepared ? [] : given),
    ['log_comment', mark] as const,
    ...[...parameters].map(([name, value]) => [`param_${name}`, value] as const),
  ];
  const sql = `set ${values.map(([name, value]) => `${assertName(name)} = ${quote(value)}`).join(', ')}`;
  // Long parameters come in a form just because they are no part of the query; its limit is not theirs.
  if (sql.length > querySizeMax / 4) await runText(connection, `set max_query_size = ${4 * sql.length + querySizeMax}`);
  await runText(connection, sql);
  const readonly = settings.get('readonly');
  // Last: nothing can be set after it.
  if (readonly !== undefined) await runText(connection, `set readonly = ${quote(readonly)}`);
}

const explain = 'explain ast ';

/** Of what `EXPLAIN AST` prints: a line for each part of a statement, indented by its depth. Far above what people write. */
const treeBytesMax = 4 * 1024 * 1024;

/** With the settings and parameters of the statement itself; it parses and runs nothing. Takes half a millisecond. */
async function explainTree(connection: ChdbConnection, sql: string): Promise<string> {
  try {
    const { bytes } = await connection.query(`${explain}${sql}`, 'TSVRaw');
    if (bytes.length > treeBytesMax) throw new ClickhouseError(168, 'TOO_BIG_AST', 'The statement has too many parts');
    return new TextDecoder().decode(bytes);
  } catch (error) {
    const { code, type, message } = toClickhouseError(error);
    const here = message.replace(/at position (\d+)/, (_, at) => `at position ${Number(at) - explain.length}`);
    throw new ClickhouseError(code, type, here);
  }
}

async function readFunctionNames(connection: ChdbConnection): Promise<ReadonlySet<string>> {
  const names = await runText(connection, 'select lower(name) from system.functions');
  return new Set(names.trim().split('\n'));
}

async function runText(connection: ChdbConnection, sql: string): Promise<string> {
  return new TextDecoder().decode((await connection.query(sql, 'TSV')).bytes);
}

function tooMuch(of: 'rows' | 'bytes', limit: number, got: number): ClickhouseError {
  const what = `Limit for result exceeded, max ${of}: ${limit}, current ${of}: ${got}`;
  return new ClickhouseError(396, 'TOO_MANY_ROWS_OR_BYTES', what);
}

function cancelled(): ClickhouseError {
  return new ClickhouseError(394, 'QUERY_WAS_CANCELLED', 'Query was cancelled');
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
