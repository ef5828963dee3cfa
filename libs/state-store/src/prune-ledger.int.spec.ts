import { expect, it } from 'vitest';
import { useFreshStore } from '../test/fresh-store.js';
import { grantBatch } from './grant-batch.js';
import { pruneLedger } from './prune-ledger.js';
import { makeGrantContext, makeSampleFleet } from '../test/sample-fleet.js';
import type { Store } from './store.js';

const dayMs = 86_400_000;
let store: Store;
let offsetMs = 0;

useFreshStore((opened) => (store = opened), { clockOffsetMs: () => offsetMs });

it('forgets grants that no window reaches, and counts the others as before', async () => {
  const fleet = await makeSampleFleet(store, { rateLimit: { max: 2, periodMs: dayMs }, concurrencyLimit: 100 });
  const context = makeGrantContext();
  const decide = async (machine: string) =>
    (await grantBatch(store, context, fleet.group, [fleet.ask(machine)])).decisions[0]?.answer.reason;
  expect(await decide('a')).toBe('granted');
  offsetMs = 40 * dayMs;
  expect(await decide('b')).toBe('granted');
  expect(await pruneLedger(store, fleet.now())).toBe(1);
  expect(await decide('c')).toBe('granted');
  expect(await decide('d')).toBe('rate-limited');
});
