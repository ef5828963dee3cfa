// A row that no program can read holds up nobody, and a person can remove it.
import { beforeEach, expect, it } from 'vitest';
import { useFreshStore } from '../test/fresh-store.js';
import { makeGrantContext, makeSampleFleet, type SampleFleet } from '../test/sample-fleet.js';
import { deferFacts } from './deferred-facts.js';
import { grantBatch, type GrantContext } from './grant-batch.js';
import { recountLedger } from './recount.js';
import type { Store } from './store.js';
import { sweepLeases } from './sweep-leases.js';

const dayMs = 86_400_000;
let store: Store;
let offsetMs = 0;
let context: GrantContext;
let fleet: SampleFleet;

useFreshStore((opened) => (store = opened), { clockOffsetMs: () => offsetMs });

beforeEach(async () => {
  offsetMs = 0;
  await store.pool.query('truncate attempt, outbox');
  context = makeGrantContext();
  fleet = await makeSampleFleet(store);
  await grantBatch(
    store,
    context,
    fleet.group,
    ['good', 'bad'].map((machine) => fleet.ask(machine)),
  );
  await store.pool.query(`update attempt set opened_n = ${2n ** 62n} where machine = 'bad'`);
});

const sweep = (leaveOut = () => false) =>
  sweepLeases(store, { ...context, until: Number.MAX_SAFE_INTEGER, isOutage: () => false, leaveOut });

async function stages() {
  const { rows } = await store.pool.query<{ machine: string; stage: string }>(
    'select machine, stage from attempt order by machine',
  );
  return rows.map(({ machine, stage }) => `${machine} ${stage}`);
}

/** Machines whose facts were put aside. */
async function deferred() {
  const { rows } = await store.pool.query<{ facts: string }>('select facts from deferred_fact order by id');
  return rows.flatMap(({ facts }) => (JSON.parse(facts) as { machine: string }[]).map(({ machine }) => machine));
}

async function counters() {
  const { rows } = await store.pool.query(
    `select c.open_leases as slots, t.open from grant_counter c join rollout r on r.update_group = c.update_group
     join rollout_tally t on t.rollout = r.id where c.update_group = $1`,
    [fleet.group],
  );
  return rows;
}

it('does not keep the leases of other machines from ending', async () => {
  offsetMs = dayMs;
  expect(await sweep()).toMatchObject({
    ended: 1,
    failed: [{ application: fleet.application, machine: 'bad', error: expect.any(RangeError) }],
  });
  expect(await stages()).toEqual(['bad leased', 'good ended']);
  expect(await sweep(() => true)).toMatchObject({ ended: 0, failed: [] });
});

it('does not keep facts of other machines from being folded that were put aside', async () => {
  const failed = { type: 3, result: 0, errorCode: '9' };
  await deferFacts(store, fleet.group, [fleet.report('bad', failed), fleet.report('good', failed)]);
  const swept = await sweep();
  expect(swept.failed).toEqual([{ application: fleet.application, machine: 'bad', error: expect.any(RangeError) }]);
  expect(await stages()).toEqual(['bad leased', 'good ended']);
  expect(await deferred()).toEqual(['bad']);
  expect(await sweep(() => true)).toMatchObject({ failed: [] });
  expect(await deferred()).toEqual(['bad']);
  await fleet.run({ kind: 'DeleteMachine', application: fleet.application, machine: 'bad' });
  expect(await sweep()).toMatchObject({ failed: [] });
  expect(await deferred()).toEqual([]);
});

it.each(['DeleteMachine', 'CancelAttempt'] as const)('is removed with its slot by %s', async (kind) => {
  expect(await counters()).toEqual([{ slots: 2, open: 2 }]);
  await fleet.run({ kind, application: fleet.application, machine: 'bad' });
  expect(await stages()).toEqual(['good leased']);
  expect(await counters()).toEqual([{ slots: 1, open: 1 }]);
  expect((await recountLedger(store)).filter(({ group }) => group === fleet.group)).toEqual([]);
});

it('does not keep its group from being deleted', async () => {
  await store.pool.query(`update attempt set stage = 'settled', due_at = null`);
  await store.pool.query('update grant_counter set open_leases = 0');
  await fleet.run({ kind: 'DeleteGroup', application: fleet.application, group: fleet.group });
  expect(await stages()).toEqual([]);
  const { rows } = await store.pool.query<{ facts: string }>('select facts from outbox');
  expect(rows.map(({ facts }) => facts).join('\n')).toMatch(/"LeaseEnded".*"machine":"good"/s);
});
