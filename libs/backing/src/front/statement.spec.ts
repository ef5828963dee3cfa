import { describe, expect, it } from 'vitest';
import { readStatement } from './statement.js';
import { assertAlone, toReaderStatement } from './statement-rules.js';

describe('readStatement', () => {
  it.each([
    ['insert into t format JSONEachRow', 'insert into t', '', 'JSONEachRow', ''],
    ['insert into t (a, b) format CSV\n1,2\n', 'insert into t (a, b)', '', 'CSV', '1,2\n'],
    ['INSERT INTO d.t VALUES (1, 2)', 'INSERT INTO d.t', '', 'Values', ' (1, 2)'],
    ['insert into t settings async_insert = 0 format TSV\n1', 'insert into t', 'settings async_insert = 0', 'TSV', '1'],
    ['insert into `values` format CSV\n1', 'insert into `values`', '', 'CSV', '1'],
    ['insert into format values (1)', 'insert into format', '', 'Values', ' (1)'],
    ['insert into {t:Identifier} format RowBinary', 'insert into {t:Identifier}', '', 'RowBinary', ''],
    ["insert into function null('a Int8') format CSV\n1", "insert into function null('a Int8')", '', 'CSV', '1'],
    ['-- why\ninsert into t /* format CSV */ format TSV\n1', '-- why\ninsert into t /* format CSV */', '', 'TSV', '1'],
  ])('finds the data of %j', (sql, target, settings, format, data) => {
    const statement = readStatement(sql);
    expect(statement).toMatchObject({ kind: 'insert', target, settings, format });
    expect(statement.kind === 'insert' && sql.slice(statement.dataStart)).toBe(data);
  });

  it.each([
    ['insert into t select 1', { kind: 'other' }],
    ['insert into t with x as (select 1) select * from x', { kind: 'other' }],
    ['with x as (select 1) insert into t select * from x', { kind: 'other' }],
    ['create table t (a Int8)', { kind: 'other' }],
    ['kill query where 1', { kind: 'other' }],
    [' /* hint */ select 1 format JSON', { kind: 'read', isQuery: true, format: 'JSON' }],
    ["select 'format CSV'", { kind: 'read', isQuery: true, format: undefined }],
    ['select * from (select 1 format TSV) format CSV', { kind: 'read', isQuery: true, format: 'CSV' }],
    ['(select 1) union all (select 2)', { kind: 'read', isQuery: true }],
    ['show tables format CSV', { kind: 'read', isQuery: false, format: 'CSV' }],
    ['-- nothing\n', { kind: 'empty' }],
  ])('knows what %j wants', (sql, expected) => {
    expect(readStatement(sql)).toMatchObject(expected);
  });
});

describe('what is refused before the engine sees it', () => {
  it.each(['select 1;', "select ';'", 'select 1 -- ; select 2', 'select 1; -- end', 'select `;`, "a;b"'])(
    'lets one statement pass: %j',
    (sql) => {
      expect(() => assertAlone(sql)).not.toThrow();
    },
  );

  it.each([
    ['select 1; select 2', /Multi-statements/],
    ["select 1 into outfile '/tmp/x'", /INTO OUTFILE/],
    ['select 1 INTO /* */ OutFile $$x$$', /INTO OUTFILE/],
    ["insert into t from infile '/etc/passwd' format LineAsString", /FROM INFILE/],
  ])('refuses %j', (sql, words) => {
    expect(() => assertAlone(sql)).toThrow(words);
  });

  it.each([
    "select file('/etc/passwd')",
    "select `file` ('/etc/passwd')",
    'select "File"($$/etc/passwd$$)',
    "select “file”('/etc/passwd')",
    'select * apply(file) from t',
    'select arrayMap(file, paths) from t',
    "desc url('http://h/')",
    "select * from (describe table /* */ `url` ('http://h/'))",
  ])('keeps a read-only user from what lies beside the tables: %j', (sql) => {
    expect(() => toReaderStatement('reader', sql, readStatement(sql))).toThrow(/Not enough privileges/);
  });

  it.each([
    "select 'file(1)'",
    'select ‘file’',
    'select profile, file_name from t',
    'explain select 1',
    'describe table t',
    'desc (select count() from t)',
    'select a from t order by a desc, count(b)',
  ])('lets a read-only user ask %j', (sql) => {
    expect(() => toReaderStatement('reader', sql, readStatement(sql))).not.toThrow();
  });
});
