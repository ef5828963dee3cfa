// docs/reference/sql.md: each example is asked over HTTP as the read-only user, as curl and Grafana do, of a week of a small
// fleet, and the page has the answers. `npx vitest run --project integration test/sql -u` writes them anew.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, type RunningClickhouse, startClickhouse } from '@platte/backing';
import {
  applyRetention,
  createDatabase,
  keptForGood,
  migrateHistory,
  openHistory,
  rebuild,
  writeFacts,
} from '@platte/history';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { application, makeDemoFleet, stable } from './demo-fleet.js';
import { type Answered, examplesOf, withAnswers } from './render-reference.js';

const page = new URL('../../docs/reference/sql.md', import.meta.url);
/** When the week of the page ends. */
const weekEnd = Date.UTC(2026, 10, 27, 12);
let folder: string;
let server: RunningClickhouse;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platte-sql-'));
  server = await startClickhouse({ dataDir: folder, cacheDir: cacheFolder(), env: { PATH: '' } });
  // What asks for now gets a fleet whose week ends now.
  await fill('of_the_page', weekEnd);
  await fill('of_now', Date.now());
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function fill(database: string, end: number): Promise<void> {
  const { url, user, password } = server;
  const options = { url, user, password, database, log: { info: () => {}, warn: () => {} } };
  await createDatabase(options, { cluster: '' });
  const history = openHistory(options);
  await migrateHistory(history);
  await applyRetention(history, keptForGood);
  const numbers = new Map<string, number>();
  const numberOf = (_: string, machine: string): number => {
    const number = numbers.get(machine) ?? numbers.size + 1;
    numbers.set(machine, number);
    return number;
  };
  await writeFacts(history, [{ sequence: 1, facts: makeDemoFleet(end) }], numberOf);
  await rebuild(history, { acked: 1, now: end, attempt: 1 });
  await history.close();
}

async function post(question: string, query: Record<string, string>): Promise<{ status: number; text: string }> {
  const { user, password } = server.reader;
  const response = await fetch(`${server.url}/?${new URLSearchParams(query).toString()}`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` },
    body: question,
  });
  return { status: response.status, text: await response.text() };
}

const isOfNow = (question: string): boolean => /now\(|v_breakdown\b|v_silent\b/.test(question);

async function ask(question: string): Promise<Answered> {
  const database = isOfNow(question) ? 'of_now' : 'of_the_page';
  const { status, text } = await post(question, { database, default_format: 'JSON' });
  expect({ question, status, text: status === 200 ? '' : text }).toEqual({ question, status: 200, text: '' });
  const answer: Answered = JSON.parse(text);
  return answer;
}

test('the page has the answers of the demo', async () => {
  const text = await readFile(page, 'utf8');
  const examples = examplesOf(text);
  expect(examples.length).toBeGreaterThan(20);
  const answers = new Map<string, Answered>();
  for (const question of examples) answers.set(question, await ask(question));
  expect([...answers].filter(([, { rows }]) => rows === 0).map(([question]) => question)).toEqual([]);
  // The same again: no answer depends on chance, or on the moment.
  for (const [question, { data }] of answers) expect((await ask(question)).data).toEqual(data);
  await expect(withAnswers(text, answers)).toMatchFileSnapshot(page.pathname);
});

test('every view has an example', async () => {
  const text = await readFile(page, 'utf8');
  const { data } = await ask(
    `select name from system.tables where database = 'of_the_page' and startsWith(name, 'v_') order by name`,
  );
  const examples = examplesOf(text).join('\n');
  const unused = data.map(({ name }) => String(name)).filter((name) => !new RegExp(`\\b${name}\\b`).test(examples));
  expect(unused).toEqual([]);
});

test('a panel of Grafana gets its rows, the macros of its time range expanded', async () => {
  // $__fromTime and $__toTime become toDateTime(…), $__timeFilter two comparisons, $__timeInterval a start of interval.
  const [from, to] = [22, 24].map((day) => `toDateTime(${Date.UTC(2026, 10, day) / 1000})`);
  const timeline = `SELECT at AS "time", version, sum(machines) AS machines
    FROM v_version_timeline(application = '${application}', from = toString(${from}), to = toString(${to}), bucket = 21600)
    WHERE "group" IN ('${stable}')
    GROUP BY at, version ORDER BY at ASC`;
  const perHour = `SELECT toStartOfInterval(toDateTime(at), INTERVAL 21600 second) AS "time", status, count() AS "failures"
    FROM v_failure WHERE application = '${application}' AND at >= ${from} AND at <= ${to}
    GROUP BY time, status ORDER BY time ASC`;
  for (const panel of [timeline, perHour]) {
    const { status, text } = await post(panel, {
      database: 'of_the_page',
      default_format: 'JSONCompact',
      max_execution_time: '30',
      output_format_json_quote_64bit_integers: '0',
    });
    expect({ status, text: status === 200 ? '' : text }).toEqual({ status: 200, text: '' });
    const { data }: { data: [string, string, number][] } = JSON.parse(text);
    expect(data.length).toBeGreaterThan(3);
    for (const [time, , machines] of data) {
      expect(Date.parse(`${time.replace(' ', 'T')}Z`)).toBeGreaterThanOrEqual(Date.UTC(2026, 10, 22));
      expect(machines).toBeGreaterThan(0);
    }
  }
});

test.each([
  ['max_execution_time', '61'],
  ['max_memory_usage', '3221225472'],
  ['max_result_rows', '1000001'],
  ['max_result_bytes', '1073741824'],
  ['readonly', '0'],
])('the read-only user cannot raise %s', async (name, value) => {
  const { status, text } = await post('select 1', { [name]: value });
  expect(status).toBeGreaterThanOrEqual(400);
  expect(text).toMatch(/READONLY|SETTING_CONSTRAINT_VIOLATION/);
});

test.each([
  `insert into of_the_page.fact_in (seq) values (1)`,
  `drop view of_the_page.v_machine`,
  `create or replace view of_the_page.v_machine as select 1`,
  `alter table of_the_page.fact modify ttl toDateTime(at) + interval 1 day`,
  `alter table of_the_page.fact delete where 1`,
  `optimize table of_the_page.fact final`,
  `system stop merges`,
  `create user other`,
  `grant all on *.* to reader`,
])('the read-only user cannot %s', async (statement) => {
  const { status, text } = await post(statement, {});
  expect(status).toBeGreaterThanOrEqual(400);
  expect(text).toMatch(/READONLY|ACCESS_DENIED/);
});

test('no system table shows the read-only user a password or a path to one', async () => {
  // Of machine learning: read, it waits for a helper program that the embedded engine does not have.
  const tables = await ask(
    `select name from system.tables where database = 'system' and name != 'models' order by name`,
  );
  expect(tables.rows).toBeGreaterThan(50);
  const secrets = [server.password, server.reader.password, 'reader-password'];
  for (const { name } of tables.data) {
    const { text } = await post(`select * from system.\`${String(name)}\` limit 2000`, {
      default_format: 'JSONEachRow',
      max_execution_time: '20',
    });
    expect({ name, shown: secrets.filter((secret) => text.includes(secret)) }).toEqual({ name, shown: [] });
  }
});
