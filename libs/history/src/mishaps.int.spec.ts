// What went wrong, one by one: every fact that is to be told once, in order, whatever the pages and deliveries.
import { expect, test } from 'vitest';
import { numberOf, openFresh, toBatches } from '../test/fresh-history.js';
import { app, groups, makeFacts, makeRandom, shuffled } from '../test/random-facts.js';
import { type History, machineFailures, missingPackages, writeFacts } from './history.js';

const dayMs = 86_400_000;
const from = Date.UTC(2026, 10, 2);
const statuses = ['failed', 'rolled-back', 'timed-out'] as const;

async function pages<Item, Key extends string | number>(
  read: (before: { at: number; key: Key } | undefined) => Promise<Item[]>,
  keyOf: (item: Item) => { at: number; key: Key },
): Promise<Item[]> {
  const all: Item[] = [];
  for (let page = await read(undefined); page.length > 0; page = await read(keyOf(page.at(-1)!))) all.push(...page);
  return all;
}

const failuresOf = (history: History, limit: number) =>
  pages(
    (before) => machineFailures(history, { apps: [app], statuses, limit, before }),
    ({ at, n }) => ({ at, key: n }),
  );
const missingOf = (history: History, limit: number) =>
  pages(
    (before) => missingPackages(history, { apps: [app], limit, before }),
    ({ at, group }) => ({ at, key: group }),
  );

test('failures and missing packages are told once each, however they arrived', async () => {
  const random = makeRandom(11);
  const facts = makeFacts({ seed: 11, machines: 60, facts: 4000, from, spanMs: 4 * dayMs });
  const [straight, odd] = [await openFresh(), await openFresh()];
  for (const batch of toBatches(facts, 500, 1)) await writeFacts(straight, [batch], numberOf);
  for (const batch of toBatches(shuffled([...facts, ...facts.slice(0, 900)], random), 333, 1))
    await writeFacts(odd, [batch], numberOf);
  const [failed, missing] = [await failuresOf(straight, 7), await missingOf(straight, 2)];
  expect(failed.length).toBeGreaterThan(20);
  expect(await failuresOf(odd, 500)).toEqual(failed);
  expect(await missingOf(odd, 500)).toEqual(missing);
  expect(failed.map(({ at }) => at)).toEqual(failed.map(({ at }) => at).toSorted((a, b) => b - a));
  const asked = facts.flatMap((fact) =>
    fact.kind === 'MachineCheckedIn' && fact.answer?.reason === 'no-package' ? [fact] : [],
  );
  const days = new Set(asked.flatMap(({ group, at }) => (group ? [`${group} ${Math.floor(at / dayMs)}`] : [])));
  expect(missing.map(({ group, at }) => `${group} ${Math.floor(at / dayMs)}`).toSorted()).toEqual([...days].toSorted());
  expect(
    await machineFailures(straight, { apps: [app], statuses: ['timed-out'], group: groups[0], limit: 500 }),
  ).toEqual(failed.filter(({ status, group }) => status === 'timed-out' && group === groups[0]));
  expect(await machineFailures(straight, { apps: [], statuses, limit: 5 })).toEqual([]);
});
