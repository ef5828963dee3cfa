// What Nebraska gets wrong in the ledger's part of the work: a test named for each defect.
import type { AnswerReason } from '@platte/facts';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { foldFacts, type FoldFactsContext } from './fold-facts.js';
import { type FreshDatabase, makeFreshDatabase } from './fresh-database.js';
import { grantBatch, type GrantContext } from './grant-batch.js';
import { makeInstanceCache } from './instance-cache.js';
import { findInstance } from './instance-rows.js';
import { findAttempt } from './machine-reads.js';
import { makeGrantContext, makeSampleFleet, type SampleFleet } from '../test/sample-fleet.js';
import { closeStore, openStore, type Store } from './store.js';
import { sweepLeases } from './sweep-leases.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
let database: FreshDatabase;
let store: Store;
let offsetMs = 0;
let context: GrantContext & FoldFactsContext;

beforeAll(async () => {
  database = await makeFreshDatabase(inject('postgresUrl'));
  store = openStore({ url: database.url, hotMax: 32, clockOffsetMs: () => offsetMs });
});

afterAll(async () => {
  await closeStore(store);
  await database.drop();
});

beforeEach(async () => {
  offsetMs = 0;
  await store.pool.query('truncate attempt');
  context = newProcess();
});

const newProcess = () => ({ ...makeGrantContext(), instances: makeInstanceCache(1000) });

async function ask(
  fleet: SampleFleet,
  machine: string,
  on: { store?: Store; context?: GrantContext } = {},
): Promise<AnswerReason | undefined> {
  const { decisions } = await grantBatch(on.store ?? store, on.context ?? context, fleet.group, [fleet.ask(machine)]);
  return decisions[0]?.answer.reason;
}

it('D3: grants once under a limit of 1 when 20 machines ask at once, each on a connection and in a process of its own', async () => {
  const fleet = await makeSampleFleet(store, { rateLimit: { max: 1, periodMs: hourMs } });
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) => ask(fleet, `m${n}`, { context: newProcess() })),
  );
  expect(answers.filter((reason) => reason === 'granted')).toHaveLength(1);
  expect(answers.filter((reason) => reason === 'rate-limited')).toHaveLength(19);
});

describe('D4: a grant counts for exactly its period', () => {
  it.each(['America/Los_Angeles', 'Pacific/Kiritimati', 'UTC'])('in a database whose zone is %s', async (zone) => {
    const name = new URL(database.url).pathname.slice(1);
    await store.pool.query(`alter database ${name} set timezone = '${zone}'`);
    const zoned = openStore({ url: database.url, clockOffsetMs: () => offsetMs });
    try {
      const { rows } = await zoned.hot.query<{ TimeZone: string }>('show timezone');
      expect(rows[0]?.TimeZone).toBe(zone);
      const fleet = await makeSampleFleet(zoned, { rateLimit: { max: 1, periodMs: hourMs }, concurrencyLimit: 10 });
      expect(await ask(fleet, 'a', { store: zoned })).toBe('granted');
      offsetMs = 10 * 60_000;
      expect(await ask(fleet, 'b', { store: zoned })).toBe('rate-limited');
      offsetMs = 5 * hourMs;
      expect(await ask(fleet, 'b', { store: zoned })).toBe('granted');
    } finally {
      await closeStore(zoned);
      await store.pool.query(`alter database ${name} reset timezone`);
    }
  });
});

it.each([13, 14])('D6: times a machine out that went silent after event %i, and frees its slot', async (type) => {
  const fleet = await makeSampleFleet(store, { concurrencyLimit: 1 });
  await ask(fleet, 'a');
  await foldFacts(store, context, [fleet.report('a', { type })]);
  offsetMs = hourMs + 1000;
  await sweepLeases(store, { ...context, until: Number.MAX_SAFE_INTEGER });
  expect(await findAttempt(store.pool, fleet.application, 'a')).toMatchObject({ outcome: 'timed-out' });
  expect(await ask(fleet, 'b')).toBe('granted');
});

it('D8: gives the budget of a machine that failed to another one, and quarantines it after three failures', async () => {
  const fleet = await makeSampleFleet(store, { concurrencyLimit: 1, backoffMs: hourMs, backoffMaxMs: 2 * hourMs });
  const outcomes: (AnswerReason | undefined)[] = [];
  for (let hours = 0; hours < 9; hours += 3) {
    offsetMs = hours * hourMs;
    outcomes.push(await ask(fleet, 'a'));
    await foldFacts(store, context, [fleet.report('a', { result: 0, errorCode: '9' })]);
    outcomes.push(await ask(fleet, 'a'));
  }
  expect(outcomes).toEqual(['granted', 'backing-off', 'granted', 'backing-off', 'granted', 'quarantined']);
  expect(await ask(fleet, 'b')).toBe('granted');
});

it('D10: decides in every process by the catalog that is, not by the one that it remembers', async () => {
  const fleet = await makeSampleFleet(store);
  const other = newProcess();
  expect(await ask(fleet, 'a', { context: other })).toBe('granted');
  await fleet.setPolicy({ concurrencyLimit: 1 });
  expect(await ask(fleet, 'b', { context: other })).toBe('concurrency-limited');
  expect(await ask(fleet, 'b')).toBe('concurrency-limited');
});

it('D12: answers a machine that comes back after weeks of silence like any other', async () => {
  const fleet = await makeSampleFleet(store);
  await foldFacts(store, context, [fleet.checkIn('a')]);
  offsetMs = 30 * dayMs;
  const { decisions } = await grantBatch(store, context, fleet.group, [fleet.ask('a')]);
  expect(decisions).toMatchObject([{ answer: { reason: 'granted' }, offer: { application: fleet.application } }]);
});

it('D14: keeps the version that a machine reports, not the one that it was granted', async () => {
  const fleet = await makeSampleFleet(store);
  await ask(fleet, 'a');
  await foldFacts(store, context, [fleet.report('a', { type: 800 })]);
  expect(await findInstance(store.pool, fleet.application, 'a')).toMatchObject({
    version: '1.0.0',
    status: 'installed',
  });
});

it('D21: spends nothing on a syncer', async () => {
  const fleet = await makeSampleFleet(store, { rateLimit: { max: 1, periodMs: hourMs } });
  const {
    ping: _ping,
    heartbeat: _heartbeat,
    source: _source,
    alias: _alias,
    oemVersion: _oem,
    aleph: _aleph,
    bootId: _boot,
    ...said
  } = fleet.checkIn('syncer');
  const folded = await foldFacts(store, context, [
    {
      ...said,
      kind: 'SyncerCheckedIn',
      canReadSeveralManifests: false,
      answer: { reason: 'syncer-needs-multi-manifest', inputs: {} },
    },
  ]);
  expect(folded.written).toEqual([]);
  expect(await ask(fleet, 'a')).toBe('granted');
});

it('D22: sees the events of a machine that was granted nothing, and counts them nowhere', async () => {
  const fleet = await makeSampleFleet(store, { safeMode: true });
  await foldFacts(store, context, [
    fleet.report('a', { result: 0, errorCode: '9' }),
    fleet.report('b', { type: 3, result: 2, previousVersion: '0.9.0' }),
  ]);
  expect(await findInstance(store.pool, fleet.application, 'a')).toMatchObject({ status: 'failed' });
  expect(await findInstance(store.pool, fleet.application, 'b')).toMatchObject({ status: 'complete' });
  const { rows } = await store.pool.query(
    'select from rollout_tally t join update_group g on g.rollout = t.rollout where g.id = $1',
    [fleet.group],
  );
  expect(rows).toEqual([]);
  expect(await ask(fleet, 'c')).toBe('granted');
});

it('D26: completes a machine that rebooted after a long weekend', async () => {
  const fleet = await makeSampleFleet(store, { safeMode: true });
  await ask(fleet, 'a');
  await foldFacts(store, context, [fleet.report('a')]);
  offsetMs = 5 * dayMs;
  await sweepLeases(store, { ...context, until: Number.MAX_SAFE_INTEGER });
  await foldFacts(store, newProcess(), [fleet.report('a', { result: 2, previousVersion: '1.0.0', version: '2.0.0' })]);
  expect(await findAttempt(store.pool, fleet.application, 'a')).toMatchObject({ outcome: 'complete' });
  // And safe mode knows it: it opens up.
  expect(await ask(fleet, 'b')).toBe('granted');
  expect(await ask(fleet, 'c')).toBe('granted');
});
