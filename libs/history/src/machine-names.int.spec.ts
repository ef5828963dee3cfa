import { expect, test } from 'vitest';
import { from, now, spanMs } from '../test/ask-everything.js';
import { numberOf, openFresh, toBatches } from '../test/fresh-history.js';
import { app, makeFacts } from '../test/random-facts.js';
import { currentState, machineHistory, writeFacts } from './history.js';

test('a machine from before names had a table of their own is found as before, and one that never was is not', async () => {
  const history = await openFresh();
  const facts = makeFacts({ seed: 11, machines: 4, facts: 60, from, spanMs });
  await writeFacts(history, toBatches(facts, 60, 1), numberOf);
  const machine = facts.find((fact) => fact.kind === 'MachineCheckedIn' && fact.app === app)!.machine;
  const ask = async (asked: { app: string; machine: string }) => ({
    state: await currentState(history, asked),
    page: await machineHistory(history, { ...asked, limit: 100, before: { at: now, n: 0 } }),
  });
  const named = await ask({ app, machine });
  expect(named.page.items.length).toBeGreaterThan(0);
  await history.run('truncate table machine_name');
  expect(await ask({ app, machine })).toEqual(named);
  expect(await ask({ app, machine: 'nobody' })).toEqual({ state: null, page: { items: [], next: null } });
});
