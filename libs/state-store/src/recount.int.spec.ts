import { beforeEach, expect, it } from 'vitest';
import { useFreshStore } from '../test/fresh-store.js';
import { makeGrantContext, makeSampleFleet, type SampleFleet } from '../test/sample-fleet.js';
import { type GrantContext, grantBatch } from './grant-batch.js';
import { recountLedger } from './recount.js';
import type { Store } from './store.js';

const periodMs = 3_600_000;
let store: Store;
let context: GrantContext;
let fleet: SampleFleet;

useFreshStore((opened) => {
  store = opened;
  context = makeGrantContext();
});

beforeEach(async () => {
  fleet = await makeSampleFleet(store, { rateLimit: { max: 3, periodMs }, concurrencyLimit: 2 });
  const installed = { n: fleet.ask('a').n, type: 3, result: 1, errorCode: '', previousVersion: '' };
  await decide('a', 'b');
  await grantBatch(store, context, fleet.group, [fleet.ask('a', { version: '1.0.0', events: [installed] })]);
});

async function decide(...machines: string[]) {
  const { decisions } = await grantBatch(
    store,
    context,
    fleet.group,
    machines.map((machine) => fleet.ask(machine)),
  );
  return decisions.map(({ answer }) => answer.reason);
}

const breakIt = (text: string) => store.pool.query(text, [fleet.group]);
const counter = 'update grant_counter set';

it('finds nothing to mend after grants, installs and ends', async () => {
  expect(await recountLedger(store)).toEqual([]);
});

it('mends slots that are held by nobody, so that no machine waits for them', async () => {
  await breakIt(`${counter} open_leases = 7 where update_group = $1`);
  expect(await decide('c')).toEqual(['concurrency-limited']);
  expect(await recountLedger(store)).toMatchObject([
    { group: fleet.group, counter: 'open-leases', held: 7, counted: 2 },
  ]);
  expect(await recountLedger(store)).toEqual([]);
});

it('mends slots that are not counted, so that no limit is passed', async () => {
  await breakIt(`${counter} open_leases = 0 where update_group = $1`);
  await recountLedger(store);
  expect(await decide('c')).toEqual(['concurrency-limited']);
});

it('raises the number of the newest grant to the log’s, so that none is given twice', async () => {
  await breakIt(`${counter} seq = 0 where update_group = $1`);
  expect(await recountLedger(store)).toContainEqual(
    expect.objectContaining({ counter: 'newest-grant', held: 0, counted: 2 }),
  );
  await fleet.setPolicy({ concurrencyLimit: 100 });
  expect(await decide('c', 'd')).toEqual(['granted', 'rate-limited']);
});

it('tells of grants that the log lacks, and leaves their numbers', async () => {
  await breakIt(`${counter} seq = seq + 1 where update_group = $1`);
  expect(await recountLedger(store)).toMatchObject([{ counter: 'grants-in-window', held: 3, counted: 2 }]);
  await fleet.setPolicy({ concurrencyLimit: 100 });
  expect(await decide('c')).toEqual(['rate-limited']);
  await breakIt(`${counter} seq = seq - 1 where update_group = $1`);
});

it('mends the attempts that keep safe mode waiting', async () => {
  await breakIt(`update rollout_tally set open = 9 where rollout = (select rollout from update_group where id = $1)`);
  expect(await recountLedger(store)).toMatchObject([
    { counter: 'open-attempts', version: '2.0.0', held: 9, counted: 2 },
  ]);
  expect(await recountLedger(store)).toEqual([]);
});
