// The connection to PostgreSQL. Two pools, because their sessions differ:
//
// - `pool`: everything that is asked now and then.
// - `hot`: what check-ins wait for. Pipelined, so that several statements travel in one round trip, and with planner
//   settings that keep every statement on its primary key.
import { Pool, types } from 'pg';

export interface Store {
  readonly pool: Pool;
  readonly hot: Pool;
  /**
   * Added to PostgreSQL's clock wherever a time is decided: 0, but for tests, which change it while programs run. All
   * programs use the same one.
   */
  readonly clockOffsetMs: () => number;
}

export interface StoreOptions {
  url: string;
  /** Connections for what is asked now and then. */
  poolMax?: number;
  /** Connections for decisions and folding: so many groups can wait for their lock before others wait for a connection. */
  hotMax?: number;
  clockOffsetMs?: () => number;
  /** Of a copy beside the live one; without it, whatever the user's search path says. */
  schema?: string;
  /** An idle connection broke: the pool replaces it, so this is only for the log. */
  onError?: (error: Error) => void;
}

/** A statement or a wait for a lock that lasts longer is broken: decisions take milliseconds, commands tens of them. */
const statementTimeoutMs = 10_000;
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
  const { url, poolMax = 8, hotMax = 8, clockOffsetMs = () => 0, schema, onError = () => {} } = options;
  const searchPath = schema === undefined ? '' : `-c search_path=${schema}`;
  const shared = {
    connectionString: url,
    types: { getTypeParser: typeParserOf },
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: idleInTransactionTimeoutMs,
    connectionTimeoutMillis: 5_000,
  };
  const pool = new Pool({ ...shared, application_name: 'platte', max: poolMax, options: searchPath });
  const hot = new Pool({
    ...shared,
    application_name: 'platte-hot',
    max: hotMax,
    pipeline: true,
    options: `${plannerOptions} ${searchPath}`,
  });
  for (const one of [pool, hot]) {
    one.on('error', onError);
    // The pool hears of idle connections only. One that breaks in somebody's hands fails his statements, and says so itself once
    // more: without a listener that would end the process.
    one.on('connect', (client) => client.on('error', () => {}));
  }
  return { pool, hot, clockOffsetMs };
}

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
