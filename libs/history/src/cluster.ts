// A cluster is several histories: each shard is a whole one of its own machines, in a database named like the history's
// with `_local` behind it, and folds by itself what arrived for them, by the statements of one server. The history's own
// database has tables of the same names that are spread over the shards (Distributed), and the views. Machines are
// spread by their number, so that all rows of a machine lie together: FINAL, argMax and a machine's transitions never
// need another shard, and what shards answer adds up (counts) or is united (bitmaps), exactly.
//
// What is written goes through the spread tables, and is a shard's once most of its replicas have it. A shard's rebuild
// stays with one replica, which has first caught up with all that the others had written.
import type { History } from './connection.js';

export const localDatabase = (database: string) => `${database}_local`;

/** Where the tables are that hold rows: the history itself on one server. To be closed if it is another. */
export function openOwn(history: History, cluster: string): History {
  return cluster === '' ? history : history.beside({ database: localDatabase(history.database) });
}

/** The tables that rows are inserted into, and what they are spread by; all others are written by each shard's rebuild. */
const spreadBy: Readonly<Record<string, string>> = {
  fact_in: 'inst',
  // Read by itself only, and written before a machine's number is needed.
  fact_archive: 'cityHash64(app, machine)',
};

const readOwnTables = `
select name
from system.tables
where database = currentDatabase() and engine not like '%View' and name != 'schema_migration' and not startsWith(name, 'stage_')
order by name`;

/** Tables of the history's database over those of the shards, as these are now. */
export async function spreadTables(history: History, own: History, cluster: string): Promise<void> {
  const tables = await own.read<{ name: string }>(readOwnTables);
  for (const { name } of tables) await history.run(renderSpread(name, { cluster, local: own.database }));
}

export function renderSpread(table: string, { cluster, local }: { cluster: string; local: string }): string {
  const key = spreadBy[table];
  return `create or replace table ${table} on cluster '${cluster}' as ${local}.${table}
engine = Distributed('${cluster}', '${local}', '${table}'${key === undefined ? '' : `, ${key}`})`;
}

interface Replica {
  shard: number;
  host: string;
}

const readReplicas = `
select shard_num as shard, host_name as host
from system.clusters
where cluster = {cluster:String}
order by shard_num, replica_num`;

export async function countShards(history: History, cluster: string): Promise<number> {
  const replicas = await history.read<Replica>(readReplicas, { cluster });
  return new Set(replicas.map(({ shard }) => shard)).size;
}

/** One replica of each shard, with the shard's own tables; on one server the history itself. To be closed by `close`. */
export async function openShards(
  history: History,
  cluster: string,
): Promise<{ shards: History[]; close: () => Promise<void> }> {
  if (cluster === '') return { shards: [history], close: async () => {} };
  const replicas = await history.read<Replica>(readReplicas, { cluster });
  const shards: History[] = [];
  const close = async () => void (await Promise.all(shards.map((shard) => shard.close())));
  try {
    for (const hosts of Map.groupBy(replicas, ({ shard }) => shard).values()) {
      shards.push(await openReplica(history, hosts));
    }
    await Promise.all(shards.map(catchUp));
    await ensureMarks(shards);
    return { shards, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The first that answers. @throws the error of the last when none does */
async function openReplica(history: History, replicas: readonly Replica[]): Promise<History> {
  let trouble: unknown;
  for (const { host } of replicas) {
    const replica = history.beside({ database: localDatabase(history.database), host });
    try {
      await replica.ping();
      return replica;
    } catch (error) {
      trouble = error;
      await replica.close();
    }
  }
  throw new Error(`no replica of shard ${replicas[0]?.shard} answers`, { cause: trouble });
}

/** What another replica had written is here too. */
async function catchUp(shard: History): Promise<void> {
  const tables = await shard.read<{ table: string }>(
    'select table from system.replicas where database = currentDatabase()',
  );
  for (const { table } of tables) await shard.run(`system sync replica ${table}`);
}

/** Questions take the earliest watermark of all shards, so that each must have one before any other moves on. */
export async function ensureMarks(shards: readonly History[]): Promise<void> {
  for (const shard of shards) {
    await shard.run(`
      insert into watermark (name, run, seq, silence)
      select 'transitions', 0, 0, toDateTime(0, 'UTC')
      where (select count() from watermark where name = 'transitions') = 0`);
  }
}
