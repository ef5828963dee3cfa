// What keeps requests to the embedded engine apart: settings, heavy queries, clients that leave, and the read-only user.
import { ClickHouseError } from '@clickhouse/client';
import { describe, expect, it } from 'vitest';
import { countStream, failure, useFront } from './clickhouse-front.fixture.js';

const front = useFront();

describe('one request and the next', () => {
  it('forgets the settings of a request with it', async () => {
    expect(
      await failure(front.rows('select number from numbers(10)', { settings: { max_result_rows: '5' } })),
    ).toMatchObject({ code: '396' });
    expect(await front.rows('select number from numbers(10)')).toHaveLength(10);
  });

  it('forgets deduplication tokens: the next insert is not taken for a repetition', async () => {
    const insert = (settings: Record<string, string>) =>
      front.client.insert({ table: 't', values: [{ a: 1 }], format: 'JSONEachRow', clickhouse_settings: settings });
    await insert({ insert_deduplication_token: 'once' });
    await insert({ insert_deduplication_token: 'once' });
    await front.client.insert({ table: 't', values: [{ a: 2 }], format: 'JSONEachRow' });
    await front.client.insert({ table: 't', values: [{ a: 3 }], format: 'JSONEachRow' });
    expect(await front.rows('select a from t order by a')).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }]);
  });

  it('forgets parameters and databases', async () => {
    await front.rows('select {kept: UInt8}', { parameters: { kept: 1 } });
    await front.client.command({ query: 'use system' });
    expect(await failure(front.rows('select {kept: UInt8}'))).toMatchObject({ code: '456' });
    expect(await front.rows('select currentDatabase() as d')).toEqual([{ d: 'default' }]);
  });

  it('answers small queries beside a heavy one', async () => {
    const heavy = new AbortController();
    const running = front.client.query({
      query: 'select sum(sipHash64(number)) from numbers(100000000000)',
      abort_signal: heavy.signal,
    });
    const waits: number[] = [];
    for (let n = 0; n < 20; n++) {
      const begun = performance.now();
      await front.rows('select 1 as one');
      waits.push(performance.now() - begun);
    }
    heavy.abort();
    await failure(running);
    // A queue behind the heavy one would have been minutes.
    expect(Math.max(...waits)).toBeLessThan(5000);
  });

  it('ends a query whose client went away', async () => {
    const gone = new AbortController();
    const running = failure(
      front.client.query({
        query: 'select sum(sipHash64(number)) from numbers(100000000000)',
        abort_signal: gone.signal,
      }),
    );
    const heavy = () =>
      front.rows<{ n: number }>(
        `select count() as n from system.processes where query like '%sipHash64(number)%' and query not like '%processes%'`,
      );
    await expect.poll(heavy).toEqual([{ n: 1 }]);
    gone.abort();
    await running;
    await expect.poll(heavy, { timeout: 5000 }).toEqual([{ n: 0 }]);
  });
});

function limit(settings: Record<string, string> = {}): Promise<unknown[]> {
  return front.rows(`select getSetting('max_execution_time') as s`, { client: front.reader, settings });
}

describe('the read-only user', () => {
  it('reads', async () => {
    await front.client.command({ query: `insert into t values (1, 'x')` });
    expect(await front.rows('select a from t', { client: front.reader })).toEqual([{ a: 1 }]);
  });

  it.each([
    'insert into t select 1, 2',
    'with x as (select 1, 2) insert into t select * from x',
    'drop table t',
    'create table u (a UInt8) engine = Memory',
    'create temporary table u (a UInt8)',
    'truncate table t',
    'kill query where 1',
    'set max_execution_time = 0',
    'system flush logs',
    'select 1 settings max_execution_time = 0',
    `select * from file('/etc/hosts', 'LineAsString')`,
    `select file('/etc/hosts')`,
    `select * from url('http://127.0.0.1:1/', 'LineAsString')`,
    `select * from executable('id', 'TSV', 'a String')`,
    `insert into function file('/tmp/x', 'CSV', 'a Int8') select 1`,
    `select “file”('/etc/hosts')`,
    `select * apply(file) from (select '/etc/hosts' as path)`,
    `select * apply file from (select '/etc/hosts' as path)`,
    `select arrayMap(file, ['/etc/hosts'])`,
    "select arrayMap(`file`, ['/etc/hosts'])",
    `desc url('http://127.0.0.1:1/')`,
    `describe table executable('id', 'TSV', 'a String')`,
    `select * from (describe table filesystem('/etc'))`,
    `select * from s3('http://127.0.0.1:1/bucket/key.csv')`,
    `select * from remote('127.0.0.1', system.one)`,
    `explain select * from url('http://127.0.0.1:1/')`,
    `select * from '/etc/hosts'`,
  ])('may not %s', async (query) => {
    const error = await failure(front.reader.command({ query }));
    expect(['READONLY', 'ACCESS_DENIED']).toContain(error instanceof ClickHouseError ? error.type : error);
  });

  it('may not insert', async () => {
    expect(await failure(front.reader.insert({ table: 't', values: [{ a: 1 }], format: 'JSONEachRow' }))).toMatchObject(
      {
        type: 'READONLY',
      },
    );
  });

  it('may ask for less than its limits, not for more', async () => {
    expect(await limit()).toEqual([{ s: 60 }]);
    expect(await limit({ max_execution_time: '5' })).toEqual([{ s: 5 }]);
    expect(await failure(limit({ max_execution_time: '0' }))).toMatchObject({ type: 'SETTING_CONSTRAINT_VIOLATION' });
    expect(await failure(limit({ readonly: '0' }))).toMatchObject({ type: 'READONLY' });
  });

  it('describes what it may read', async () => {
    expect(await front.rows('describe table t', { client: front.reader })).toHaveLength(2);
    expect(await front.rows('desc (select a from t)', { client: front.reader })).toHaveLength(1);
    expect(await front.rows('select a from t order by a desc limit toUInt8(1)', { client: front.reader })).toEqual([]);
  });

  it.each(['max_untracked_memory', 'allow_introspection_functions', 'allow_experimental_ai_functions'])(
    'may not set %s',
    async (name) => {
      expect(await failure(limit({ [name]: '1' }))).toMatchObject({ type: 'READONLY' });
    },
  );

  it('gets no more memory than its limit, and no more bytes, streamed or whole', async () => {
    const hoard = front.rows('select length(groupArray(number)) from numbers(1000000000)', { client: front.reader });
    expect(await failure(hoard)).toMatchObject({ type: 'MEMORY_LIMIT_EXCEEDED' });
    const query = `select concat(repeat('x', 1000000), toString(number)) as text from numbers(100)`;
    const settings = { max_result_bytes: '20000000' };
    const streamed = async () => {
      const answer = await front.reader.query({ query, format: 'JSONEachRow', clickhouse_settings: settings });
      return countStream(answer.stream());
    };
    await expect(streamed()).rejects.toMatchObject({ type: 'TOO_MANY_ROWS_OR_BYTES' });
    const whole = front.rows(query, { client: front.reader, settings: { ...settings, wait_end_of_query: '1' } });
    expect(await failure(whole)).toMatchObject({ type: 'TOO_MANY_ROWS_OR_BYTES' });
  });

  it('never holds up the programs with long questions', async () => {
    const gone = new AbortController();
    const heavy = 'select sum(sipHash64(number)) from numbers(100000000000)';
    const asked = Array.from({ length: 8 }, () =>
      failure(front.reader.query({ query: heavy, abort_signal: gone.signal })),
    );
    const running = () =>
      front.rows<{ n: number }>(
        `select count() as n from system.processes where query like '%sipHash64(number)%' and query not like '%processes%'`,
      );
    await expect.poll(running).toEqual([{ n: 3 }]);
    expect(await front.rows('select 1 as one')).toEqual([{ one: 1 }]);
    gone.abort();
    await Promise.all(asked);
    await expect.poll(running, { timeout: 5000 }).toEqual([{ n: 0 }]);
  });

  it('gets no more rows than its limit, streamed or whole', async () => {
    const ask = (wait: 0 | 1) =>
      front.rows('select number from numbers(2000000)', {
        client: front.reader,
        settings: wait === 1 ? { wait_end_of_query: '1' } : {},
      });
    expect(await failure(ask(1))).toMatchObject({ type: 'TOO_MANY_ROWS_OR_BYTES' });
    const streamed = front.reader
      .query({ query: 'select number from numbers(2000000)', format: 'JSONEachRow' })
      .then((answer) => countStream(answer.stream()));
    expect(await failure(streamed)).toMatchObject({ type: 'TOO_MANY_ROWS_OR_BYTES' });
  });

  it('stops nobody with a subquery that runs while its statement is analysed', async () => {
    const begun = performance.now();
    const query = 'select (select sum(sipHash64(number, number)) from numbers(100000000000)) as s';
    const limit = { max_execution_time: 2, max_threads: 1 };
    const over = new AbortController();
    const asked = failure(
      front.reader.query({ query, format: 'TabSeparated', clickhouse_settings: limit }).then((answer) => answer.text()),
    ).finally(() => over.abort());
    let [last, longestMs] = [performance.now(), 0];
    while (!over.signal.aborted) {
      await fetch(new URL('/ping', front.server.url));
      longestMs = Math.max(longestMs, performance.now() - last);
      last = performance.now();
    }
    expect(await asked).toMatchObject({ type: 'TIMEOUT_EXCEEDED' });
    expect(longestMs).toBeLessThan((performance.now() - begun) / 2);
  });
});
