// Attacks on the SQL port by somebody with the password for people: a file beside the engine is what they want to read.
// Each is sent as it is, over HTTP, to a real engine; the other half are questions that people and their tools do ask.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useFront } from './clickhouse-front.fixture.js';
import { isAllowedFunction } from './front/allowed-functions.js';
import { refusedFunctions } from './front/refused-functions.fixture.js';

const front = useFront();
const secret = 'plt_the-token-that-nobody-may-read';
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platte-secret-'));
  await writeFile(join(folder, 'secret'), `${secret}\n`);
  await front.client.command({ query: 'create or replace view v_one as select {n: UInt8} + 1 as n' });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Answer {
  status: number;
  type: string;
  text: string;
}

/** `FILE` in the statement and in the other values stands for the path of the secret. */
async function ask(sql: string, others: Record<string, string> = {}): Promise<Answer> {
  const url = new URL(front.server.url);
  const fill = (text: string): string => text.replaceAll('FILE', join(folder, 'secret'));
  for (const [name, value] of Object.entries(others)) url.searchParams.set(name, fill(value));
  const { user, password } = front.server.reader;
  const answer = await fetch(url, {
    method: 'POST',
    body: fill(sql),
    headers: { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password },
  });
  const text = await answer.text();
  return { status: answer.status, text, type: /\(([A-Z_]+)\) \(version/.exec(text)?.[1] ?? '' };
}

/** By these the front or the engine says no; anything else means that the statement was tried. */
const noes = ['ACCESS_DENIED', 'READONLY', 'SYNTAX_ERROR', 'NOT_IMPLEMENTED'];

/** `refused`, or what came instead. */
async function attack(sql: string, others?: Record<string, string>): Promise<string> {
  const { status, type, text } = await ask(sql, others);
  return status >= 400 && noes.includes(type) && !text.includes(secret) ? 'refused' : `${status} ${text}`;
}

describe('the name of the function that reads files', () => {
  it.each([
    "select file('FILE')",
    "select `fi\\x6ce`('FILE')",
    'select "fi\\x6ce"(\'FILE\')',
    "select `\\x66\\x69\\x6c\\x65`('FILE')",
    "select `f\\ile`('FILE')",
    "select “file”('FILE')",
    "select /* */ file /* */ ('FILE')",
    "select file -- why\n ('FILE')",
    "select file # why\n ('FILE')",
    "explain plan select `fi\\x6ce`('FILE')",
    "explain syntax select `fi\\x6ce`('FILE')",
    "explain query tree select `fi\\x6ce`('FILE')",
    "explain ast optimize = 1 select (select `fi\\x6ce`('FILE'))",
    "explain pipeline select `fi\\x6ce`('FILE')",
    "desc (select `fi\\x6ce`('FILE') as x)",
    "select * from (desc (select `fi\\x6ce`('FILE') as x))",
    "select arrayMap(`fi\\x6ce`, ['FILE'])",
    "select arrayFilter(x -> ignore(`fi\\x6ce`(x)), ['FILE'])",
    "with `fi\\x6ce` as f select arrayMap(f, ['FILE'])",
    "with (x -> `fi\\x6ce`(x)) as f select f('FILE')",
    "select * apply(`fi\\x6ce`) from (select 'FILE' as x)",
    "select * apply `fi\\x6ce` from (select 'FILE' as x)",
    "select * apply(x -> `fi\\x6ce`(x)) from (select 'FILE' as x)",
    "select columns('x') apply(toString) apply(x -> `fi\\x6ce`(x)) from (select 'FILE' as x)",
    "select * replace(`fi\\x6ce`(x) as x) from (select 'FILE' as x)",
    "select 1 as a order by a with fill from length(`fi\\x6ce`('FILE')) to 9",
    "select 1 as a, '' as b order by a with fill to 3 interpolate (b as `fi\\x6ce`('FILE'))",
    "select sum(1) over (partition by `fi\\x6ce`('FILE'))",
    "select count() from numbers(3) limit length(`fi\\x6ce`('FILE'))",
    "select 1 where throwIf(1, `fi\\x6ce`('FILE'))",
    "select 1 group by 1 having throwIf(1, `fi\\x6ce`('FILE'))",
    "select 1 qualify throwIf(1, `fi\\x6ce`('FILE'))",
    "select * from numbers(1) as a join numbers(1) as b on throwIf(1, `fi\\x6ce`('FILE'))",
    "select * from numbers(1) array join [`fi\\x6ce`('FILE')] as x",
    "select * from view(select `fi\\x6ce`('FILE'))",
    "select * from v_one(n = (select length(`fi\\x6ce`('FILE'))))",
    "select * from values('a String', `fi\\x6ce`('FILE'))",
    "select cast(`fi\\x6ce`('FILE') as String), `fi\\x6ce`('FILE')::String",
    "select 1 union all select length(`fi\\x6ce`('FILE')) intersect select 1",
    "(select `fi\\x6ce`('FILE'))",
    "from (select `fi\\x6ce`('FILE') as x) select x",
    "select arrayReduce('groupConcat((select file(\\'FILE\\')))', ['1'])",
    "select arrayReduce('groupConcat((select any(line) from file(\\'FILE\\', \\'LineAsString\\', \\'line String\\') settings readonly=0))', ['1'])",
    "select arrayReduce(concat('groupConcat(fi', 'le(\\'FILE\\'))'), ['1'])",
    "with 'groupConcat(file(\\'FILE\\'))' as f select arrayReduce(f, ['1'])",
    "select arrayReduceInRanges('groupConcat(file(\\'FILE\\'))', [(1, 1)], ['1'])",
    "select initializeAggregation('groupConcatState(file(\\'FILE\\'))', '1')",
    "select arrayReduce('groupFormat', ['1'])",
    "select cast(unhex('00') as AggregateFunction(groupConcat((select file('FILE'))), String))",
    "select * from null('x UInt8 default toUInt8(file(\\'FILE\\'))')",
    "select * from generateRandom('x UInt8 default toUInt8(file(\\'FILE\\'))') limit 1",
    "select * from generateRandom('x UInt8 alias toUInt8(file(\\'FILE\\'))') limit 1",
    "explain select * from null('x UInt8 materialized toUInt8(file(\\'FILE\\'))')",
    "select * from view(select * from null('x UInt8 default toUInt8(file(\\'FILE\\'))'))",
    "select * from values('x UInt8, y UInt8 default toUInt8(file(\\'FILE\\'))', 1)",
    "select * from values(concat('x String default fi', 'le(\\'FILE\\')'), 'a')",
  ])('does not pass as %s', async (sql) => {
    expect(await attack(sql)).toBe('refused');
  });

  it.each([
    ['select arrayMap({f:Identifier}, [{p:String}])', { param_f: 'file', param_p: 'FILE' }],
    ['select arrayMap({f : /* */ Identifier}, [{p:String}])', { param_f: 'file', param_p: 'FILE' }],
    ['select arrayMap({f:`Identifier`}, [{p:String}])', { param_f: 'file', param_p: 'FILE' }],
    ['select * from {t:Identifier}', { param_t: 'FILE' }],
    ['select * from {d:Identifier}.{t:Identifier}', { param_d: 'system', param_t: 'processes' }],
  ])('does not pass in a parameter: %s', async (sql, parameters) => {
    expect(await attack(sql, parameters)).toBe('refused');
  });
});

describe('what stands beside the parsed tree', () => {
  it.each([
    ['select 1', { format_template_row: 'FILE', default_format: 'Template' }],
    ['select 1 format Template', { format_template_resultset: 'FILE' }],
    ["select formatRow('Template', 1)", { format_template_row: 'FILE' }],
    ["select formatRow('Template', 1)", {}],
    ["select groupFormat('Template')(1)", {}],
    ['select 1 format Protobuf', { format_schema: 'FILE:X' }],
    ['select 1 format Protobuf', { output_format_schema: 'FILE' }],
    ['select 1 as x', { additional_result_filter: "throwIf(1, file('FILE')) = 0" }],
    ['select * from t', { additional_table_filters: `{'t': 'throwIf(1, file(\\'FILE\\')) = 0'}` }],
    ['print 1', { dialect: 'kusto', allow_experimental_kusto_dialect: '1' }],
    ['select 1', { enable_analyzer: '0' }],
    ['select 1', { max_query_size: '100000000' }],
    ['select 1', { allow_introspection_functions: '1' }],
    ['select 1', { readonly: '0' }],
  ])('a setting of the request: %s with %j', async (sql, settings) => {
    expect(await attack(sql, settings)).toBe('refused');
  });

  it.each([
    'select * from (select 1 settings max_execution_time = 100)',
    "select 1 settings format_template_row = 'FILE'",
    "select 1 format JSON settings format_schema = 'FILE'",
    "show tables where throwIf(1, `fi\\x6ce`('FILE'))",
    "show columns from t where throwIf(1, `fi\\x6ce`('FILE'))",
    'show databases where name in system.processes',
    "show functions where throwIf(1, `fi\\x6ce`('FILE'))",
    "select 1; select file('FILE')",
    "select 1; select `fi\\x6ce`('FILE')",
    "select $a b$ ' $a b$; select file('FILE') -- '",
    "select $$ ' $$; select file('FILE') -- '",
    "select ‘ ' ’; select `fi\\x6ce`('FILE') -- '",
    "select /* /* */ 1; select `fi\\x6ce`('FILE') -- */",
    "select 'a\\'; select `fi\\x6ce`('FILE') -- '",
    "select `a``; select 1`; select `fi\\x6ce`('FILE')",
    "select $a$; select `fi\\x6ce`('FILE') -- $a$ $",
    "select \u00a0 1 \u200b; select `fi\\x6ce`('FILE')",
    "select 1 into outfile 'FILE' truncate format CSV",
    "select 1 into /* */ outfile 'FILE.new'",
    "insert into function file('FILE') select 1",
  ])('settings, conditions and second statements: %s', async (sql) => {
    expect(await attack(sql)).toBe('refused');
  });
});

describe('what is beside the tables', () => {
  it.each([
    "select * from file('FILE', 'LineAsString')",
    "select * from `fi\\x6ce`('FILE', 'LineAsString')",
    "desc `fi\\x6ce`('FILE', 'LineAsString')",
    "explain select * from `fi\\x6ce`('FILE', 'LineAsString')",
    'select * from `FILE`',
    "select 'x' in `FILE`",
    'exists `FILE`',
    'exists table `FILE`',
    'desc `FILE`',
    'show create table `FILE`',
    'with `FILE` as q select 1 in q',
    "select * from filesystem('/etc')",
    "select * from url('http://127.0.0.1:1/', 'LineAsString')",
    "select * from s3('http://127.0.0.1:1/bucket/key.csv')",
    "select * from remote('127.0.0.1', system.one)",
    "select * from cluster('default', system.one)",
    "select * from merge('system', 'processes')",
    "select * from executable('id', 'TSV', 'a String')",
    "select * from sqlite('FILE', 't')",
    "select * from mysql('127.0.0.1:1', 'd', 't', 'u', 'p')",
    "select * from postgresql('127.0.0.1:1', 'd', 't', 'u', 'p')",
    "select * from input('a String')",
    "select * from dictionary('d')",
    'select * from loop(t)',
    "select * from fuzzQuery('select 1')",
    "select * from eval('select 1')",
    "select * from viewExplain('EXPLAIN', '', (select 1))",
    "select * from format('Template', 'x')",
    "select dictGet('d', 'a', 1)",
    "select joinGet('t', 'b', 1)",
    "select hasColumnInTable('127.0.0.1:1', 'd', 't', 'c')",
    "select catboostEvaluate('FILE', 1)",
    'select sleep(3)',
    'select arrayMap(sleep, [3])',
    "select getServerSetting('path'), getMacro('x'), getServerPort('http_port'), hostName(), FQDN()",
    "select __getScalar('x')",
    'select filesystemAvailable()',
    "select aiGenerate('x', 'y')",
    'select * from system.processes',
    'select * from system.`processes`',
    'select * from `system`.query_log',
    'select * from "system"."stack_trace"',
    'select * from SYSTEM.processes',
    'select 1 in system.processes',
    'select 1 where 1 not in system.processes',
    'select * from system.named_collections',
    'select * from system.server_settings',
    'select * from system.users',
    'show processlist',
    'show grants',
    'show access',
    'show users',
    'show create user default',
    'check table t',
    'system flush logs',
    'use system',
    'set readonly = 0',
    'kill query where 1',
    'create function f as x -> x',
    'create view v as select 1',
    'select 1 parallel with select 2',
  ])('stays out of reach: %s', async (sql) => {
    expect(await attack(sql)).toBe('refused');
  });

  it('cannot be named without its database either', async () => {
    expect(await attack('select query from processes', { database: 'system' })).toBe('refused');
  });
});

describe('what people and their tools ask', () => {
  it.each([
    'select 1',
    "select 'a;b', ';', $$x$$, 'it''s', 'a\\'b'; -- the end",
    'select 1 as `a;b`',
    'SELECT displayName(), version(), revision(), timezone()',
    'select currentDatabase(), currentUser(), now()',
    "select name from system.databases where name not in ('system')",
    "select name, type from system.columns where database = 'default' and table = 't'",
    'select * from information_schema.tables limit 1',
    'select name from system.tables union all select name from system.functions limit 3',
    'show databases',
    "show tables from default like 't%' format JSON",
    'show full tables',
    'show columns from t',
    'show create table t',
    'exists table t',
    'desc t',
    'desc (select a from t)',
    'explain select a from t',
    'explain indexes = 1 select a from t',
    'explain syntax select a from t',
    'explain pipeline select a from t',
    'select a, count() as n from t where b like {text: String} group by a having n > 0 order by n desc limit 5 by a limit 3',
    'select * from v_one(n = 1)',
    'select number, sum(number) over (order by number rows between 1 preceding and current row) from numbers(3)',
    'with x as (select 1 as one), 5 as five select one + five from x',
    'with recursive r as (select 1 as n union all select n + 1 from r where n < 3) select sum(n) from r',
    "select arrayMap(x -> x + 1, [1, 2]), arraySort((x, y) -> y, [1, 2], [2, 1]), arrayReduce('sum', [1, 2])",
    "select JSONExtractString('{\"a\":\"b\"}', 'a'), cast(1 as String), '2026-01-01'::Date, date '2026-01-01'",
    'select toStartOfInterval(now(), interval 5 minute) as t, quantileTDigestIf(0.5)(number, number > 1), uniqExact(number) from numbers(3) group by t order by t with fill step 300',
    "select case when number = 1 then 'one' else 'more' end, number between 1 and 2, number in (select 1) from numbers(2)",
    'select * except(b) replace(a + 1 as a) from t',
    "select columns('^a') from t",
    'select count(distinct a), countIf(a > 1), argMax(b, a), sumMap(map(a, a)), groupArray(3)(a) from t',
    'select a as "my own name (with brackets)" from t order by "my own name (with brackets)"',
    'select t1.a from t as t1 join t as t2 using (a) left join (select 1 as a) as q on q.a = t1.a',
    'select version, file_name from (select 1 as version, 2 as file_name)',
    'select 1 union distinct select 2 except select 3',
    'from numbers(3) select number',
    '(select 1) union all (select 2)',
    'select grouping(a), a from t group by rollup(a)',
    "select untuple((1, 2)), (1, 2).1, [1, 2][1], map('k', 1)['k'], 1 ? 2 : 3",
    "select * from values('a UInt8, b String', (1, 'x'))",
    "select * from t prewhere a > 1 where b != '' format PrettyCompactMonoBlock",
    'select 1 format Null',
    'select 1 format Parquet',
    'select /* a comment; with a semicolon */ 1 -- and; another\n',
  ])('is answered: %s', async (sql) => {
    const answer = await ask(sql, { param_text: 'x%' });
    expect(answer).toMatchObject({ status: 200, type: '' });
  });

  it('a text with a semicolon comes back as it is', async () => {
    expect((await ask('select \'a;b\', "x;y" from (select 1 as `x;y`);')).text).toBe('a;b\t1\n');
  });

  it('settings of results and limits are set', async () => {
    const settings = { output_format_json_quote_64bit_integers: '1', max_execution_time: '10', join_use_nulls: '1' };
    expect((await ask('select toUInt64(1) as n format JSONEachRow', settings)).text).toBe('{"n":"1"}\n');
  });

  it('an error names its place in the text that was sent', async () => {
    expect((await ask('selec 1')).type).not.toBe('');
    expect((await ask('select 1 fro m x y')).text).toMatch(/failed at position 14 /);
  });
});

describe('the lists', () => {
  it('every function of the engine is either allowed or left out on purpose', async () => {
    const rows = await front.rows<{ name: string }>('select name from system.functions');
    const refused = rows.map(({ name }) => name).filter((name) => !isAllowedFunction(name));
    expect(refused.toSorted()).toEqual(refusedFunctions.toSorted());
  });
});

describe('how much is read', () => {
  it('tags of strings that do not end are refused before the engine searches for each', async () => {
    const tags = Array.from({ length: 30_000 }, (_, n) => `$${n}$`).join(' ');
    expect(await ask(`select ${tags}`)).toMatchObject({ status: 400, type: 'SYNTAX_ERROR' });
  });

  it('a statement whose parsed tree would be larger than many statements is refused', async () => {
    const wide = `f(${Array.from({ length: 40_000 }, () => 'a').join(',')})`;
    const deep = `select ${'f('.repeat(200)}${wide}${')'.repeat(200)}`;
    expect(await ask(deep)).toMatchObject({ status: 400, type: 'TOO_BIG_AST' });
    expect(await ask(`select 1 as "${'\n'.repeat(200_000)}"`)).toMatchObject({ status: 403, type: 'ACCESS_DENIED' });
  });

  it.each(['(', "'\\", '$a', '/*', '`'])('sixteen megabytes of %j are refused before they are read', async (piece) => {
    expect(await ask(piece.repeat((16 * 1024 * 1024 - 64) / piece.length))).toMatchObject({
      status: 400,
      type: 'SYNTAX_ERROR',
    });
  });
});
