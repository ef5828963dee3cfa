// Machines that say a test source: they take part in limits, and neither halt a rollout nor have a row that is counted.
import type { Fact } from '@platte/facts';
import type { Policy } from '@platte/rollout';
import { beforeEach, expect, it } from 'vitest';
import { useFreshStore } from '../test/fresh-store.js';
import { makeGrantContext, makeSampleFleet, type SampleFleet } from '../test/sample-fleet.js';
import { foldFacts, type FoldFactsContext } from './fold-facts.js';
import { grantBatch, type GrantContext } from './grant-batch.js';
import { makeInstanceCache } from './instance-cache.js';
import { findInstance } from './instance-rows.js';
import { findAttempt } from './machine-reads.js';
import { relayOutbox } from './outbox.js';
import { recountLedger } from './recount.js';
import type { Store } from './store.js';
import { sweepLeases } from './sweep-leases.js';

const testSource = 'prober';
const failed = { type: 3, result: 0, errorCode: '9' };
let store: Store;
let context: GrantContext & FoldFactsContext;
let fleet: SampleFleet;

useFreshStore((opened) => (store = opened));
beforeEach(() => {
  context = { ...makeGrantContext(), instances: makeInstanceCache(1000) };
});

const start = async (policy: Partial<Policy>) => void (fleet = await makeSampleFleet(store, policy));
const fold = (...facts: Fact[]) => foldFacts(store, context, facts);

async function decide(machine: string, test = false) {
  const asked = fleet.ask(machine, test ? { testSource } : {});
  const { decisions } = await grantBatch(store, context, fleet.group, [asked]);
  return decisions[0]?.answer.reason;
}

async function relayed(): Promise<Fact[]> {
  const facts: Fact[] = [];
  await relayOutbox(store, async (batch) => void facts.push(...batch));
  return facts.filter(({ app }) => app === fleet.application);
}

async function talliesNow() {
  const { rows } = await store.pool.query(
    `select t.open, t.succeeded, t.failed, t.timed_out as "timedOut" from rollout_tally t
     join rollout r on r.id = t.rollout where r.update_group = $1`,
    [fleet.group],
  );
  return rows;
}

it('holds a slot for a test, and counts its grant', async () => {
  await start({ rateLimit: { max: 2, periodMs: 3_600_000 }, concurrencyLimit: 1 });
  expect(await decide('test', true)).toBe('granted');
  expect(await decide('a')).toBe('concurrency-limited');
  await fold(fleet.report('test', { ...failed, testSource }));
  expect(await decide('a')).toBe('granted');
  await fold(fleet.report('a', failed));
  expect(await decide('b')).toBe('rate-limited');
  expect(await recountLedger(store)).toEqual([]);
});

it('says in all facts of its attempt that it is a test’s', async () => {
  await start({});
  await relayed();
  await decide('test', true);
  await decide('a');
  await fold(fleet.report('test', { ...failed, testSource }));
  await fold(fleet.report('a', failed));
  const told = await relayed();
  expect(told.map((fact) => [fact.kind, fact.machine, 'testSource' in fact && fact.testSource])).toEqual([
    ['UpdateGranted', 'test', testSource],
    ['UpdateGranted', 'a', false],
    ['LeaseEnded', 'test', testSource],
    ['LeaseEnded', 'a', false],
  ]);
});

it('takes its turn in safe mode, and is no evidence of how the version fares', async () => {
  await start({ safeMode: true });
  expect(await decide('test', true)).toBe('granted');
  expect(await decide('a')).toBe('safe-mode-probing');
  const { halted } = await fold(fleet.report('test', { ...failed, testSource }));
  expect(halted).toEqual([]);
  expect(await talliesNow()).toEqual([{ open: 0, succeeded: 0, failed: 0, timedOut: 0 }]);
  expect(await decide('test', true)).toBe('backing-off');
  // Nor does its success: the next machine is still a probe.
  expect(await decide('other test', true)).toBe('granted');
  await fold(fleet.checkIn('other test', { version: '2.0.0', testSource }));
  expect(await findAttempt(store.pool, fleet.application, 'other test')).toMatchObject({ outcome: 'complete' });
  expect(await decide('a')).toBe('granted');
  expect(await decide('b')).toBe('safe-mode-probing');
  expect((await fold(fleet.report('a', failed))).halted).toEqual([fleet.group]);
});

it('does not halt at a test that is late', async () => {
  await start({ safeMode: true });
  await decide('test', true);
  const { halted } = await sweepLeases(store, { ...context, until: Number.MAX_SAFE_INTEGER });
  expect(halted).toEqual([]);
});

it('has no row of it, and leaves the row of a machine that is also tested as it was', async () => {
  await start({});
  await fold(fleet.checkIn('test', { testSource }), fleet.checkIn('a', { ip: '10.0.0.1' }));
  await fold(fleet.checkIn('a', { ip: '10.9.9.9', version: '9.9.9', testSource }));
  expect(await findInstance(store.pool, fleet.application, 'test')).toBeUndefined();
  expect(await findInstance(store.pool, fleet.application, 'a')).toMatchObject({ ip: '10.0.0.1', version: '1.0.0' });
});
