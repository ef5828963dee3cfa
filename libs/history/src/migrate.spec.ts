import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { toStatements, withMacros } from './migrate.js';

test('a file falls into its statements, without its comment lines', () => {
  const text = `-- what this is: a; b\ncreate table a (x UInt8)\ncomment 'one; two';\n\n-- more\ncreate table b;\n`;
  expect(toStatements(text)).toEqual([`create table a (x UInt8)\ncomment 'one; two'`, 'create table b']);
});

test('one server gets plain engines', () => {
  const statement =
    'create table a {{on_cluster}} (x UInt8) engine = {{engine:ReplacingMergeTree(run, gone)}} order by x';
  expect(withMacros(statement, { cluster: '' })).toBe(
    'create table a  (x UInt8) engine = ReplacingMergeTree(run, gone) order by x',
  );
  expect(withMacros('{{engine:MergeTree}}', { cluster: '' })).toBe('MergeTree()');
});

test('a cluster gets replicated engines, made on all of it', () => {
  expect(withMacros('drop table a {{on_cluster}}', { cluster: 'fleet' })).toBe(`drop table a on cluster 'fleet'`);
  expect(withMacros('{{engine:ReplacingMergeTree(run)}}', { cluster: 'fleet' })).toBe(
    `ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', run)`,
  );
  expect(withMacros('{{engine:MergeTree}}', { cluster: 'fleet' })).toBe(
    `ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')`,
  );
});

test('what every server must know is replicated on all of them', () => {
  expect(withMacros('{{engine_everywhere:ReplacingMergeTree(applied)}}', { cluster: 'fleet' })).toBe(
    `ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', applied)`,
  );
  expect(withMacros('{{engine_everywhere:ReplacingMergeTree(applied)}}', { cluster: '' })).toBe(
    'ReplacingMergeTree(applied)',
  );
});

test('no two files have the same number: of two, one would never be applied', async () => {
  const names = await readdir(new URL('../migrations/', import.meta.url));
  const numbers = names.map((name) => name.slice(0, 4));
  expect(numbers).toEqual([...new Set(numbers)]);
});
