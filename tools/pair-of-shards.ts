// What shows the embedded engine a cluster `pair` of two shards, for libs/history/test/pair-of-shards.ts: it reaches both in
// itself, so that Distributed tables, their plans and what they send to shards are ClickHouse's own. The databases pair_1
// and pair_2 are the shards; the tables of pair_local are both together, of which a shard may read only its own rows.
import { readdir, readFile } from 'node:fs/promises';

const replica = '<replica><host>127.0.0.1</host><port>9000</port></replica>';
const config = `<clickhouse>
  <tcp_port>9000</tcp_port>
  <users_config>users.xml</users_config>
  <remote_servers><pair><shard>${replica}</shard><shard>${replica}</shard></pair></remote_servers>
</clickhouse>`;

const ownRows = "shardNum() = 0 or _database = concat('pair_', toString(shardNum()))";
/** What follows from what is written through Distributed tables: both shards of pair_local take it into one table. */
const ownFacts = 'shardNum() = 0 or cityHash64(app, machine) % 2 + 1 = shardNum()';
const renderPolicy = (table: string): string =>
  `<${table}><filter>${['fact_archive', 'machine_mark'].includes(table) ? ownFacts : ownRows}</filter></${table}>`;

const renderUsers = (tables: readonly string[]): string => `<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users><default>
    <password/><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>
    <databases><pair_local>${tables.map(renderPolicy).join('')}</pair_local></databases>
  </default></users>
</clickhouse>`;

const migrations = new URL('../libs/history/migrations/', import.meta.url);

export async function pairOfShards(): Promise<Record<string, string>> {
  const texts = await Promise.all(
    (await readdir(migrations)).map((name) => readFile(new URL(name, migrations), 'utf8')),
  );
  const made = texts.flatMap((text) => [...text.matchAll(/^create table if not exists (\w+)/gm)]);
  // What keeps nothing is never read.
  const tables = made.flatMap(([, name]) => (name === undefined || name === 'fact_in' ? [] : [name]));
  return { 'config.xml': config, 'users.xml': renderUsers(tables) };
}
