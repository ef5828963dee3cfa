// Machines that only tests spoke for: nothing counts them, and whoever asks for one by its id is told all of it.
import type { MachineFact } from '@platte/facts';
import { beforeAll, expect, test } from 'vitest';
import { from, now, spanMs, deliver, askEverything } from '../test/ask-everything.js';
import { numberOf, openFresh, toBatches } from '../test/fresh-history.js';
import { app, makeFacts } from '../test/random-facts.js';
import { currentState, type History, listMachines, machineHistory, machinesOf, writeFacts } from './history.js';

const ordinary = makeFacts({ seed: 21, machines: 6, facts: 150, from, spanMs });
const machine = 'prober-1';
/** All that machines do, by a machine of its own. */
const tests = makeFacts({ seed: 22, machines: 1, facts: 80, from, spanMs }).flatMap((fact): MachineFact[] =>
  'version' in fact && fact.app === app ? [{ ...fact, machine, testSource: 'prober' }] : [],
);
const newestFirst = tests.toSorted((a, b) => b.at - a.at || b.n - a.n);
let history: History;

beforeAll(async () => {
  history = await openFresh();
  await deliver(history, toBatches([...ordinary, ...tests], 20, 1), 3);
});

test('nothing that is asked of a fleet is told otherwise with them than without', async () => {
  const without = await openFresh();
  await deliver(without, toBatches(ordinary, 20, 1), 3);
  expect(await askEverything(history, ordinary)).toEqual(await askEverything(without, ordinary));
  expect(machinesOf(toBatches(tests, 20, 1))).toEqual([]);
});

test('one is found by its id, as its facts say', async () => {
  const state = await currentState(history, { app, machine });
  const sent = newestFirst.filter(({ kind }) => kind === 'MachineCheckedIn' || kind === 'EventReported');
  const [{ version, group, oem, at: lastSeen }] = sent as [MachineFact, ...MachineFact[]];
  const firstSeen = sent.at(-1)?.at;
  expect(state).toMatchObject({ app, machine, testSource: 'prober', version, group, oem, lastSeen, firstSeen });
  const { items } = await listMachines(history, { app, limit: 100 });
  expect(items.map((item) => item.machine)).not.toContain(machine);
});

test('its history is told page by page', async () => {
  const told: { at: number; n: number }[] = [];
  for (let before: { at: number; n: number } | undefined; ;) {
    const page = await machineHistory(history, { app, machine, limit: 7, before });
    told.push(...page.items.map(({ at, n }) => ({ at, n })));
    if (page.next === null) break;
    before = page.next;
  }
  expect(told).toEqual(newestFirst.map(({ at, n }) => ({ at, n })));
});

test('one that was deleted is unknown until it speaks again', async () => {
  const again = { ...newestFirst.find(({ kind }) => kind === 'MachineCheckedIn')!, at: now + 2, n: 1 };
  const deletion = {
    kind: 'MachineDeleted',
    v: 1,
    app,
    machine,
    at: now + 1,
    n: 0,
    actor: 'ada',
    revision: 1,
    subject: machine,
    group: null,
    before: null,
    after: null,
  } as const;
  await writeFacts(history, [{ sequence: 1_000, facts: [deletion] }], numberOf);
  expect(await currentState(history, { app, machine })).toBeNull();
  await writeFacts(history, [{ sequence: 1_001, facts: [again] }], numberOf);
  expect(await currentState(history, { app, machine })).toMatchObject({ firstSeen: now + 2, testSource: 'prober' });
});
