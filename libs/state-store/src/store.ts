// The connection to PostgreSQL. Two pools, because their sessions differ:
//
// - `pool`: everything that is asked now and then.
// - `hot`: what check-ins wait for. Pipelined, so that several statements travel in one round trip, and with planner
//   settings that keep every statement on its primary key.
import { callbackify } from 'node:util';
import { Pool, type PoolClient, types } from 'pg';
import {
  answerMsMax as defaultAnswerMsMax,
  destroy,
  endIdleSession,
  idleSessionMs,
  isUnanswered,
  limited,
  statementTimeoutMs,
} from './connection-limits.js';
import { Busy } from './command-blocked.js';
import { makeStuckGroups, type StuckGroups } from './stuck-groups.js';
import { makeTurns, type Turns } from './turns.js';
import { readStoreIdentity } from './store-identity.js';

export interface Store {
  readonly pool: Pool;
  readonly hot: Pool;
  /** Groups that somebody else keeps locked. */
  readonly stuck: StuckGroups;
  /** Of commands that wait for a row. */
  readonly turns: Turns;
  /**
   * Added to PostgreSQL's clock wherever a time is decided: 0, but for tests, which change it while programs run. All
   * programs use the same one.
   */
  readonly clockOffsetMs: () => number;
  /**
   * The PostgreSQL that decisions may use (`readStoreIdentity`); undefined: any. Behind a new connection may be another one, which
   * was restored from a backup: nothing is decided on it before its owner has looked at it.
   */
  readonly expected: { identity: string | undefined };
}

export interface StoreOptions {
  url: string;
  /** Connections for what is asked now and then. */
  poolMax?: number;
  /** Connections for decisions and folding: so many groups can wait for their lock before others wait for a connection. */
  hotMax?: number;
  /** A wait for a lock on a connection of the hot pool ends after this time: 1 s. Other in tests. */
  hotLockWaitMs?: number;
  clockOffsetMs?: () => number;
  /** Of a copy beside the live one; without it, whatever the user's search path says. */
  schema?: string;
  /** An idle connection broke: the pool replaces it, so this is only for the log. */
  onError?: (error: Error) => void;
  /** PostgreSQL did not answer in time: this many connections were destroyed. */
  onUnanswered?: (connections: number) => void;
  /** A statement without an answer for this time fails: 12 s. Shorter in tests. */
  answerMsMax?: number;
}

/** Ingress waits half a second for a decision; a wait for a lock that is longer helps nobody and keeps a connection busy. */
const hotLockWaitMsDefault = 1_000;
/** A program that holds a lock and says nothing (stopped, not killed) is cut off, so that its group goes on. */
const idleInTransactionTimeoutMs = 5_000;

/**
 * Statistics lie about a table that has just begun to grow, and a plan that scans it is kept by the prepared statement:
 * measured, 25 decisions per second instead of 579. Every hot statement is a lookup by primary key or by a partial index.
 * A small table without one is scanned all the same, at a price that makes PostgreSQL compile the statement (JIT), which
 * takes a second: so that is off too.
 */
const plannerOptions = [
  '-c enable_seqscan=off',
  '-c enable_hashjoin=off',
  '-c enable_mergejoin=off',
  '-c plan_cache_mode=force_generic_plan',
  '-c jit=off',
].join(' ');

export function openStore(options: StoreOptions): Store {
  const {
    url,
    poolMax = 8,
    hotMax = 8,
    hotLockWaitMs = hotLockWaitMsDefault,
    clockOffsetMs = () => 0,
    schema,
    onError = () => {},
  } = options;
  const { onUnanswered = () => {}, answerMsMax = defaultAnswerMsMax } = options;
  const searchPath = schema === undefined ? '' : `-c search_path=${schema}`;
  const session = `${endIdleSession(idleSessionMs)} ${searchPath}`;
  const shared = {
    ...limited,
    connectionString: url,
    types: { getTypeParser: typeParserOf },
    query_timeout: answerMsMax,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: idleInTransactionTimeoutMs,
  };
  const expected: Store['expected'] = { identity: undefined };
  const pool = new Pool({ ...shared, application_name: 'platte', max: poolMax, options: session });
  const hot = new Pool({
    ...shared,
    application_name: 'platte-hot',
    max: hotMax,
    pipeline: true,
    lock_timeout: hotLockWaitMs,
    options: `${plannerOptions} ${session}`,
    ...onNewConnection((client) => assertExpected(client, expected)),
  });
  for (const one of [pool, hot]) {
    one.on('error', onError);
    // The pool hears of idle connections only. One that breaks in somebody's hands fails his statements, and says so itself once
    // more: without a listener that would end the process.
    one.on('connect', (client) => client.on('error', () => {}));
  }
  destroyUnanswered([pool, hot], onUnanswered);
  return { pool, hot, stuck: makeStuckGroups(), turns: makeTurns(isShared), clockOffsetMs, expected };
}

/** Of the pool, which its types do not know: called before a new connection is handed out. */
const onNewConnection = (check: (client: PoolClient) => Promise<void>): object => ({ verify: callbackify(check) });

async function assertExpected(client: PoolClient, { identity }: Store['expected']): Promise<void> {
  if (identity === undefined || (await readStoreIdentity(client)) === identity) return;
  throw new AnotherPostgres('another PostgreSQL answers than before: it is compared with the log first');
}

/** As when a server is starting up: whoever waits tries again. */
class AnotherPostgres extends Error {
  readonly code = '57P03';
}

/**
 * Whoever got no answer gives its connection back broken, and the pool destroys it. The idle ones were opened to the same
 * server over the same network: they are destroyed too, because the next statements would wait for each of them in turn.
 */
function destroyUnanswered(pools: readonly Pool[], onUnanswered: (connections: number) => void): void {
  const idle = new Set<PoolClient>();
  for (const pool of pools) {
    pool.on('acquire', (client) => void idle.delete(client));
    pool.on('remove', (client) => void idle.delete(client));
    // A connection that is given back whole comes without an error, whatever the types say.
    pool.on('release', (error: Error | boolean | undefined, client) => {
      if (isUnanswered(error)) {
        onUnanswered(1 + idle.size);
        // The pool drops an idle connection when it hears of its error: at once, so that nobody is given a destroyed one.
        for (const other of idle) {
          destroy(other);
          other.emit('error', new Unanswered());
        }
      } else if (!error) idle.add(client);
    });
  }
}

class Unanswered extends Error {
  constructor() {
    super('PostgreSQL did not answer on another connection: this idle one was destroyed');
  }
}

/** Who waited as long as one may has shown that the row stays locked. */
const isShared = (error: unknown): boolean => error instanceof Busy && error.isLong;

export async function closeStore(store: Store): Promise<void> {
  await Promise.all([store.pool.end(), store.hot.end()]);
}

const int8 = 20;

/** A bigint column is a number here: times in ms, positions below 2^52, counts. Beyond 2^53 it is a mistake, and said. */
function typeParserOf(oid: number, format: 'text' | 'binary' = 'text'): (text: string) => unknown {
  if (oid === int8) return toSafeInteger;
  const parse: (text: string) => unknown = types.getTypeParser(oid, format);
  return parse;
}

function toSafeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value))
    throw new RangeError(`${text} does not fit a JavaScript number: a bigint column holds more than 2^53`);
  return value;
}
