import { exceptedMax, type Policy } from '@platte/rollout';
import { expect, it } from 'vitest';
import { useFreshStore } from '../test/fresh-store.js';
import { makeGrantContext, makeSampleFleet, type SampleFleet } from '../test/sample-fleet.js';
import { type GrantContext, grantBatch } from './grant-batch.js';
import { findSpent } from './refuse-spent.js';
import { readSpentNotice } from './spent-notice.js';
import type { Store } from './store.js';

const periodMs = 3_600_000;
let store: Store;
let context: GrantContext;

useFreshStore((opened) => {
  store = opened;
  context = makeGrantContext();
});

const two = { rateLimit: { max: 2, periodMs } };
const makeFleet = (policy: Partial<Policy> = {}) => makeSampleFleet(store, { ...two, ...policy });

/** The group as the last batch left it, and the notice that follows. */
async function spend(fleet: SampleFleet, ...machines: string[]) {
  const asked = machines.map((machine) => fleet.ask(machine));
  const { after } = await grantBatch(store, context, fleet.group, asked);
  const budget = after && findSpent(after.group, after.ledger);
  if (!after || !budget) throw new Error('the budget is not spent');
  return { index: after.group, budget, notice: await readSpentNotice(store, after.group, budget) };
}

it('says what the rule saw, and names those that it does not speak of', async () => {
  const fleet = await makeFleet();
  const { budget, index, notice } = await spend(fleet, 'a', 'b', 'c');
  expect(notice).toMatchObject({ group: fleet.group, revision: index.group.revision, limit: 2, used: 2, periodMs });
  expect(notice?.until).toBe(budget.until);
  expect(notice?.except.toSorted()).toEqual(['a', 'b']);
});

it('of a concurrency limit says how many leases are open now, and is not made when a slot is free', async () => {
  const fleet = await makeSampleFleet(store, { concurrencyLimit: 2 });
  const { index, budget, notice } = await spend(fleet, 'a', 'b', 'c');
  expect(notice).toMatchObject({ reason: 'concurrency-limited', limit: 2, used: 2 });
  expect(notice?.except.toSorted()).toEqual(['a', 'b']);
  const installed = { n: fleet.ask('a').n, type: 3, result: 1, errorCode: '', previousVersion: '' };
  await grantBatch(store, context, fleet.group, [fleet.ask('a', { version: '2.0.0', events: [installed] })]);
  expect(await readSpentNotice(store, index, budget)).toBeNull();
});

it('names a machine that failed for as long as that is remembered, and one that installed', async () => {
  const fleet = await makeFleet();
  await spend(fleet, 'a', 'b');
  const says = (machine: string, type: number, result: number) => {
    const event = { n: fleet.ask(machine).n, type, result, errorCode: '9', previousVersion: '' };
    return fleet.ask(machine, { events: [event] });
  };
  await grantBatch(store, context, fleet.group, [says('a', 3, 0), says('b', 3, 1)]);
  expect((await spend(fleet, 'c')).notice?.except.toSorted()).toEqual(['a', 'b']);
});

it('is not made in safe mode, nor under a limit that was lowered', async () => {
  expect((await spend(await makeFleet({ safeMode: true, rateLimit: { max: 1, periodMs } }), 'a')).notice).toBeNull();
  const lowered = await makeFleet();
  await spend(lowered, 'a', 'b');
  await lowered.setPolicy({ rateLimit: { max: 1, periodMs } });
  expect((await spend(lowered, 'c')).notice).toBeNull();
});

it('is not made of a group that changed since its budget was read', async () => {
  const fleet = await makeFleet();
  const { index, budget } = await spend(fleet, 'a', 'b');
  await fleet.run({ kind: 'PauseGroup', application: fleet.application, group: fleet.group });
  expect(await readSpentNotice(store, index, budget)).toBeNull();
});

it('is not made where it would name too many', async () => {
  const fleet = await makeFleet();
  const { index, budget } = await spend(fleet, 'a', 'b');
  await store.pool.query(
    `insert into machine_failure (application, machine, version, failures, failed_at)
     select $1, 'f' || number, '2.0.0', 1, 1 from generate_series(1, $2) number`,
    [fleet.application, exceptedMax - 1],
  );
  expect(await readSpentNotice(store, index, budget)).toBeNull();
});
