// A history over two shards in the engine of the run (tools/pair-of-shards.ts). The Distributed tables, and all that is asked
// of them, are ClickHouse's own. Two things stand in for what an engine without a server does not have: a statement
// `on cluster` is run in each shard, with engines that are not replicated; and the tables of pair_local, which on a real
// shard hold its rows, are here the rows of both (Merge), whereof each shard sees its own.
import { afterAll } from 'vitest';
import {
  applyRetention,
  createDatabase,
  ensureMarks,
  type History,
  keptForGood,
  migrateHistory,
  openHistory,
} from '../src/history.js';
import { engineOptions } from './fresh-history.js';

const cluster = 'pair';
const databases = ['pair', 'pair_local', 'pair_1', 'pair_2'] as const;

export interface Pair {
  history: History;
  shards: [History, History];
  /** Every statement that would have been run on the cluster, as it was given. */
  statements: string[];
}

export async function openPair(): Promise<Pair> {
  const options = engineOptions();
  const inside = (database: string) => openHistory({ ...options, database });
  const whole = inside('default');
  for (const database of databases) await whole.run(`drop database if exists ${database}`);
  for (const database of databases) await createDatabase({ ...options, database }, { cluster: '' });
  const shards: [History, History] = [inside('pair_1'), inside('pair_2')];
  const [spread, both] = [inside('pair'), inside('pair_local')];
  afterAll(async () => {
    for (const database of databases) await whole.run(`drop database ${database}`);
    await Promise.all([whole, spread, both, ...shards].map((history) => history.close()));
  });
  const statements: string[] = [];
  const own: History = { ...both, run: (sql, params) => runInShards({ sql, params, statements }, both, shards) };
  const history: History = {
    ...spread,
    run: async (sql, params) => {
      statements.push(sql);
      await spread.run(offCluster(sql), params);
    },
    beside: () => ({ ...own, close: async () => {} }),
  };
  await migrateHistory(history, { cluster });
  await ensureMarks(shards);
  for (const shard of shards) await applyRetention(shard, keptForGood);
  await both.run('alter table fact_archive remove ttl');
  return { history, shards, statements };
}

interface Asked {
  sql: string;
  params: Record<string, unknown> | undefined;
  statements: string[];
}

async function runInShards({ sql, params, statements }: Asked, both: History, shards: History[]): Promise<void> {
  statements.push(sql);
  const statement = offCluster(sql);
  // Which migrations are applied is known on every server, so that it is one table here.
  if (statement === sql || sql.includes('schema_migration')) return both.run(statement, params);
  // Rows of the archive lie in the one table of both, and so does what follows from them.
  if (sql.startsWith('create materialized view') && sql.includes('from fact_archive')) return both.run(statement);
  for (const shard of shards) await shard.run(statement, params);
  const table = /^create table if not exists (\w+)/.exec(sql)?.[1];
  if (table === 'fact_in') return takeFacts(both, shards);
  if (table === 'fact_archive' || table === 'machine_mark') return both.run(statement);
  if (table === undefined) return;
  const merged = `create table if not exists ${table} as pair_1.${table} engine = Merge(REGEXP('^pair_[12]$'), '^${table}$')`;
  await both.run(merged);
}

/** Both shards' tables are this one here; the rows go on to where the Distributed table has them sent. */
async function takeFacts(both: History, shards: History[]): Promise<void> {
  await both.run('create table fact_in as pair_1.fact_in engine = Null');
  for (const [place, shard] of shards.entries()) {
    const rows = `select * from fact_in where inst % 2 = ${place}`;
    await both.run(`create materialized view fact_in_${shard.database} to ${shard.database}.fact_in as ${rows}`);
  }
}

const offCluster = (sql: string) =>
  sql.replace(` on cluster '${cluster}'`, '').replaceAll(/Replicated(\w+)\('[^']*', '[^']*'(?:, )?/g, '$1(');
