// What @clickhouse/client does with a server, done with the embedded engine: the same calls must give the same results.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { ClickHouseError } from '@clickhouse/client';
import { describe, expect, it } from 'vitest';
import { countStream, failure, useFront } from './clickhouse-front.fixture.js';

const front = useFront();

const all = (): Promise<unknown[]> => front.rows('select a, b from t order by a, b');

describe('inserts', () => {
  it('takes arrays of objects, and defaults for what they leave out', async () => {
    const { summary } = await front.client.insert({
      table: 't',
      values: [{ a: 1, b: 'x' }, { a: 2 }],
      format: 'JSONEachRow',
    });
    expect(summary).toMatchObject({ written_rows: '2' });
    expect(await all()).toEqual([
      { a: 1, b: 'x' },
      { a: 2, b: 'default' },
    ]);
  });

  it('takes arrays of values, of some columns', async () => {
    await front.client.insert({ table: 't', values: [[1], [2]], columns: ['a'], format: 'JSONCompactEachRow' });
    expect(await all()).toEqual([
      { a: 1, b: 'default' },
      { a: 2, b: 'default' },
    ]);
  });

  it('takes streams of objects', async () => {
    const values = Readable.from([
      { a: 1, b: "it's" },
      { a: 2, b: '\\' },
      { a: 3, b: '\n' },
    ]);
    await front.client.insert({ table: 't', values, format: 'JSONEachRow' });
    expect(await all()).toEqual([
      { a: 1, b: "it's" },
      { a: 2, b: '\\' },
      { a: 3, b: '\n' },
    ]);
  });

  it('takes streams of CSV', async () => {
    const values = Readable.from(['1,one\n', '2,"t\nw', 'o"\n'], { objectMode: false });
    await front.client.insert({ table: 't', values, format: 'CSV' });
    expect(await all()).toEqual([
      { a: 1, b: 'one' },
      { a: 2, b: 't\nwo' },
    ]);
  });

  it('takes RowBinary with every byte there is', async () => {
    const every = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
    const row = Buffer.concat([Buffer.from([7, 0, 0, 0, 0x80, 0x02]), every]);
    const { stream } = await front.client.exec({
      query: 'insert into t (a, b) format RowBinary',
      values: Readable.from([row]),
    });
    stream.resume();
    expect(await front.rows('select a, hex(b) as b from t')).toEqual([
      { a: 7, b: every.toString('hex').toUpperCase() },
    ]);
  });

  it('gives and takes Parquet', async () => {
    const query = `select toUInt32(number) as a, toString(number) as b from numbers(1000) format Parquet`;
    const { stream } = await front.client.exec({ query });
    const file = Buffer.concat(await stream.toArray());
    (await front.client.exec({ query: 'insert into t format Parquet', values: Readable.from([file]) })).stream.resume();
    expect(await front.rows('select count() as n, sum(a) as s from t')).toEqual([{ n: 1000, s: 499500 }]);
  });

  it('takes values in the query, with expressions', async () => {
    await front.client.command({ query: `insert into t values (1, concat('a', 'b')), (2, 'c')` });
    expect(await all()).toEqual([
      { a: 1, b: 'ab' },
      { a: 2, b: 'c' },
    ]);
  });

  it('takes the rows of a query', async () => {
    await front.client.command({ query: `insert into t select number, 'n' from numbers(3)` });
    expect(await all()).toHaveLength(3);
  });

  it('takes a query and binary data in one body', async () => {
    const body = Buffer.concat([
      Buffer.from('insert into t format RowBinary\n'),
      Buffer.from([1, 0, 0, 0, 2, 0xff, 0x27]),
    ]);
    const answer = await fetch(front.server.url, {
      method: 'POST',
      body,
      headers: { 'X-ClickHouse-User': front.server.user, 'X-ClickHouse-Key': front.server.password },
    });
    expect([answer.status, await answer.text()]).toEqual([200, '']);
    expect(await front.rows('select hex(b) as b from t')).toEqual([{ b: 'FF27' }]);
  });

  it('tells which row is wrong, in the words of a query, and writes none of its block', async () => {
    const error = await failure(
      front.client.insert({ table: 't', values: [{ a: 1 }, { a: 'x' }], format: 'JSONEachRow' }),
    );
    expect(error).toBeInstanceOf(ClickHouseError);
    expect(String(error)).toMatch(/at row 2/);
    expect(String(error)).not.toMatch(/file/i);
    expect(await all()).toEqual([]);
  });

  it('keeps 200 inserts at once, each with its own token', async () => {
    const insert = (a: number) =>
      front.client.insert({
        table: 't',
        values: [{ a }],
        format: 'JSONEachRow',
        clickhouse_settings: { insert_deduplication_token: `token ${a}` },
      });
    await Promise.all(Array.from({ length: 200 }, (_, a) => insert(a)));
    expect(await front.rows('select count() as n, uniqExact(a) as u from t')).toEqual([{ n: 200, u: 200 }]);
  });

  it('leaves no data behind on disk', async () => {
    await failure(front.client.insert({ table: 'nowhere', values: [{ a: 1 }], format: 'JSONEachRow' }));
    expect(await readdir(join(front.folder, 'spool'))).toEqual([]);
  });
});

describe('queries', () => {
  it('answers a ping of either kind', async () => {
    expect(await front.client.ping()).toEqual({ success: true });
    expect(await front.client.ping({ select: true })).toEqual({ success: true });
  });

  it('binds parameters of all kinds', async () => {
    const parameters = {
      s: `a'b\\c\td\ne`,
      n: 5,
      l: [`q'`, '\\'],
      d: new Date(0),
      m: { k: `v'` },
      x: null,
      i: 'system',
      t: 'one',
    };
    const query = `select {s: String} as s, {n: UInt32} as n, {l: Array(String)} as l, {d: DateTime} as d,
      {m: Map(String, String)} as m, {x: Nullable(String)} as x from {i: Identifier}.{t: Identifier}`;
    const [row] = await front.rows(query, { parameters });
    expect(row).toEqual({ ...parameters, d: '1970-01-01 00:00:00', i: undefined, t: undefined });
  });

  it('binds parameters that are too long for a URL', async () => {
    const answer = await front.client.query({
      query: 'select length({x: String}) as n',
      query_params: { x: 'y'.repeat(1_000_000) },
      use_multipart_params: true,
      format: 'JSONEachRow',
    });
    expect(await answer.json()).toEqual([{ n: 1000000 }]);
  });

  it('streams a million rows', async () => {
    const answer = await front.client.query({
      query: 'select number as n from numbers(1000000)',
      format: 'JSONEachRow',
    });
    expect(await countStream(answer.stream())).toBe(1_000_000);
  });

  it.each([
    ['JSON', '"meta"'],
    ['JSONCompactEachRowWithNames', '["n"]'],
    ['CSVWithNames', '"n"'],
    ['XML', '<meta>'],
    ['Parquet', 'ARROW:schema'],
  ])('gives %s with one head, however long it is', async (format, head) => {
    const { stream } = await front.client.exec({ query: `select number as n from numbers(200000) format ${format}` });
    const text = Buffer.concat(await stream.toArray()).toString('latin1');
    expect(text.split(head).length - 1).toBeLessThanOrEqual(1);
    expect(text.length).toBeGreaterThan(200_000);
  });

  it('shows, describes and explains', async () => {
    expect(await front.rows(`show tables like 't'`)).toEqual([{ name: 't' }]);
    expect(await front.rows('describe table t')).toHaveLength(2);
    expect((await front.rows('explain select 1')).length).toBeGreaterThan(0);
  });

  it('uses the database of the client', async () => {
    await front.client.command({ query: 'create database if not exists other' });
    const other = front.connect({ database: 'other' });
    expect(await front.rows('select currentDatabase() as d', { client: other })).toEqual([{ d: 'other' }]);
    await other.close();
  });

  it('answers with the query id, the format and the time zone', async () => {
    const answer = await front.client.query({ query: 'select 1', format: 'JSON', query_id: 'my-id' });
    expect(answer.query_id).toBe('my-id');
    expect(answer.response_headers).toMatchObject({
      'x-clickhouse-query-id': 'my-id',
      'x-clickhouse-format': 'JSON',
      'x-clickhouse-timezone': 'UTC',
    });
    expect(JSON.parse(String(answer.response_headers['x-clickhouse-summary']))).toMatchObject({ read_rows: '1' });
  });

  it.each(['gzip', 'br', 'zstd'] as const)('compresses both ways with %s, errors too', async (codec) => {
    const compressed = front.connect({ compression: { request: { codec }, response: { codec } } });
    await compressed.insert({ table: 't', values: [{ a: 1, b: 'x'.repeat(10_000) }], format: 'JSONEachRow' });
    const answer = await compressed.query({ query: 'select a, length(b) as n from t', format: 'JSONEachRow' });
    expect(answer.response_headers['content-encoding']).toBe(codec);
    expect(await answer.json()).toEqual([{ a: 1, n: 10000 }]);
    expect(await failure(compressed.query({ query: 'select nothing' }))).toMatchObject({ code: '47' });
    await compressed.close();
  });
});

describe('errors', () => {
  it.each([
    ['select nothing from t', '47', 'UNKNOWN_IDENTIFIER'],
    ['select * from nowhere', '60', 'UNKNOWN_TABLE'],
    ['selec 1', '62', 'SYNTAX_ERROR'],
    ['select 1; select 2', '62', 'SYNTAX_ERROR'],
    [`select 1 into outfile '/tmp/x'`, '48', 'NOT_IMPLEMENTED'],
    ['select {x: UInt8}', '456', 'UNKNOWN_QUERY_PARAMETER'],
  ])('says of %j that it is %s %s', async (query, code, type) => {
    expect(await failure(front.client.command({ query }))).toMatchObject({ code, type });
  });

  it('refuses sessions, and says what to do', async () => {
    const error = await failure(front.client.query({ query: 'select 1', session_id: 'mine' }));
    expect(String(error)).toMatch(/Sessions \(session_id\) are not supported.*settings with each request/);
  });

  it('refuses a setting that there is not', async () => {
    expect(await failure(front.client.query({ query: 'select 1', clickhouse_settings: { nothing: 1 } }))).toMatchObject(
      {
        type: 'UNKNOWN_SETTING',
      },
    );
  });

  it('tells an error after the first rows, as a server does', async () => {
    const answer = await front.client.query({
      query: `select throwIf(number = 3000000, 'boom') as x from numbers(5000000)`,
      format: 'JSONEachRow',
    });
    await expect(countStream(answer.stream())).rejects.toMatchObject({
      code: '395',
      type: 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO',
    });
  });

  it('tells it by the status when the whole answer is waited for', async () => {
    const query = `select throwIf(number = 3000000, 'boom') as x from numbers(5000000)`;
    const waited = front.client.query({ query, format: 'JSONEachRow', clickhouse_settings: { wait_end_of_query: 1 } });
    expect(await failure(waited)).toMatchObject({ code: '395' });
  });

  it('lets nobody in without the password', async () => {
    const stranger = front.connect({ password: 'wrong' });
    expect(await failure(stranger.query({ query: 'select 1' }))).toMatchObject({
      code: '516',
      type: 'AUTHENTICATION_FAILED',
    });
    expect((await fetch(`${front.server.url}/?query=select+1`)).status).toBe(401);
    await stranger.close();
  });

  it('changes nothing by GET', async () => {
    const { user, password, url } = front.server;
    const answer = await fetch(
      `${url}/?user=${user}&password=${password}&query=${encodeURIComponent('insert into t values (1, 2)')}`,
    );
    expect([answer.status, answer.headers.get('x-clickhouse-exception-code')]).toEqual([403, '164']);
  });
});
