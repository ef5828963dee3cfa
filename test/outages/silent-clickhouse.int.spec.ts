// Connections to ClickHouse that stay open and fall silent: questions, statements and pings fail in time, and the next ones
// work over new connections.
import { type History, openHistory } from '@platte/history';
import { isStoreFailure } from '@platte/service';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { type Link, openLink } from '../chaos/link.js';

let link: Link;
let history: History;

beforeEach(async () => {
  const url = new URL(inject('clickhouseUrl'));
  link = await openLink('clickhouse', () => Number(url.port));
  history = openHistory({
    url: `http://127.0.0.1:${link.port}`,
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: 'default',
    log: { info: () => {}, warn: () => {} },
    readSecondsMax: 1,
    lookMs: 100,
  });
});
afterEach(async () => {
  await history.close();
  await link.close();
});

/** Counts while the engine works on it. */
const slow =
  "insert into function null('x UInt8') select sleepEachRow(0.3) from numbers(5) settings max_block_size = 1";

const findSlow = `
  select 1 from system.processes where query like '%sleepEachRow(0.3)%' and query not like '%processes%'`;

it('a slow statement is waited for as long as ClickHouse works on it', async () => {
  await expect(history.run(slow)).resolves.toBeUndefined();
});

it('a statement on a silent connection fails as an outage when ClickHouse is done with it', async () => {
  const running = history.run(slow).catch((error: unknown) => error);
  const isListed = async (): Promise<number> => (await history.read(findSlow)).length;
  await expect.poll(isListed, { timeout: 20_000, interval: 20 }).toBe(1);
  link.freeze();
  const error = await running;
  expect(error).toMatchObject({ message: 'ClickHouse does not work on a statement, and its answer does not come' });
  expect(isStoreFailure(error)).toBe(true);
  await history.ping();
});

it('a statement to a ClickHouse that answers nobody fails as an outage', async () => {
  link.stall();
  const error = await history.run('select 1').catch((error: unknown) => error);
  expect(error).toMatchObject({ message: 'ClickHouse does not answer' });
  expect(isStoreFailure(error)).toBe(true);
});

it('a question on a silent connection fails as an outage, and the next one is answered', async () => {
  await history.read('select 1');
  link.freeze();
  expect(isStoreFailure(await history.read('select 1').catch((error: unknown) => error))).toBe(true);
  expect(await history.read('select 1 as one')).toEqual([{ one: 1 }]);
});

it('pings of a ClickHouse that hangs end, and leave no connection behind', async () => {
  link.stall();
  const pings = await Promise.allSettled(Array.from({ length: 20 }, () => history.ping()));
  expect(pings.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 'rejected'));
  link.heal();
  // More than there may be connections at once: none is taken by a ping that nobody waits for.
  await history.ping();
});
