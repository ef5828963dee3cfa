// What a cluster is given: every statement of the migrations, of the tables over all shards and of retention, as a golden
// file, and each read by ClickHouse's own parser. They are not run here: that takes servers with Keeper.
import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { openFresh } from '../test/fresh-history.js';
import { renderSpread } from './cluster.js';
import { applyRetention, type History, retentionDefaults } from './history.js';
import { toStatements, withMacros } from './migrate.js';

const cluster = { cluster: 'fleet' };
const folder = new URL('../migrations/', import.meta.url);

async function migrations(): Promise<string[]> {
  const names = (await readdir(folder)).toSorted();
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, folder), 'utf8')));
  return texts.flatMap(toStatements).map((statement) => withMacros(statement, cluster));
}

/** What retention would have run, of a cluster whose tables say nothing of a TTL. */
async function retention(): Promise<string[]> {
  const ran: string[] = [];
  const nothing: History = {
    database: 'platte',
    log: { info: () => {}, warn: () => {} },
    read: async () => [],
    run: async (statement) => void ran.push(statement),
    insert: async () => {},
    ping: async () => {},
    beside: () => nothing,
    close: async () => {},
  };
  await applyRetention(nothing, retentionDefaults, cluster);
  return ran;
}

const tableOf = (statement: string) => /^create table if not exists (\w+)/.exec(statement)?.[1];

/** Of a table what the cluster changes: its head, and what its rows lie in. */
const digest = (statement: string) =>
  statement
    .split('\n')
    .filter((line, index) => index === 0 || /^(engine|partition by|order by|ttl)\b/.test(line))
    .join('\n  ');

test('a cluster gets these statements, and ClickHouse can read them', async () => {
  const made = await migrations();
  const tables = made.flatMap((statement) => tableOf(statement) ?? []).filter((table) => !table.startsWith('stage_'));
  const spread = tables.map((table) => renderSpread(table, { cluster: 'fleet', local: 'platte_local' }));
  const statements = [...made, ...spread, ...(await retention())];
  expect(statements.filter((statement) => /\{\{|undefined/.test(statement))).toEqual([]);
  expect(statements.filter((statement) => !/ on cluster 'fleet'/i.test(statement))).toEqual([]);
  const history = await openFresh();
  for (const sql of statements) {
    const asRead = await history.read<{ sql: string }>('select formatQuery({sql:String}) as sql', { sql });
    expect(asRead[0]?.sql).toMatch(/ ON CLUSTER fleet\b/);
  }
  const golden = statements.map(digest).join('\n\n');
  await expect(`${golden}\n`).toMatchFileSnapshot('../test/cluster-statements.golden.sql');
});

test('every table of a shard that keeps rows is replicated, and every one is read over all shards', async () => {
  const made = await migrations();
  const tables = made.filter((statement) => tableOf(statement) !== undefined);
  const engines = tables.map((statement) => /^engine = (\w+)\(?/m.exec(statement)?.[1]);
  expect(engines.filter((engine) => engine !== 'Null' && !engine?.startsWith('Replicated'))).toEqual([]);
  expect(engines.filter((engine) => engine === 'Null')).toHaveLength(1);
});
