import { expect, test } from 'vitest';
import { useFreshStore } from '../test/fresh-store.js';
import type { NumberedMachine } from './given-numbers.js';
import { makeMachineNumbers } from './machine-number.js';
import type { Store } from './store.js';

const app = 'e96281a6-d1af-4bde-9a0a-97b76e56dc57';
const otherApp = '11111111-2222-4333-8444-555555555555';
const machines = (count: number, from = 0): NumberedMachine[] =>
  Array.from({ length: count }, (_, index) => ({ app, machine: `machine-${from + index}` }));

let store: Store;
useFreshStore((opened) => (store = opened));

test('machines get a number once, and a dense one, also when replicas meet', async () => {
  const replicas = Array.from({ length: 4 }, () => makeMachineNumbers(store));
  const answers = await Promise.all(replicas.map((numbers) => numbers.of(machines(500))));
  const seen = new Set<number>();
  for (const { machine } of machines(500)) {
    const given = new Set(answers.map((numberOf) => numberOf(app, machine)));
    expect(given.size).toBe(1);
    for (const number of given) seen.add(number);
  }
  expect(seen.size).toBe(500);
});

test('a machine of another application is another machine', async () => {
  const numberOf = await makeMachineNumbers(store).of([
    { app, machine: 'machine-1' },
    { app: otherApp, machine: 'machine-1' },
  ]);
  expect(numberOf(app, 'machine-1')).not.toBe(numberOf(otherApp, 'machine-1'));
});

test('numbers asked for again leave no gap', async () => {
  const numbers = makeMachineNumbers(store);
  const first = await numbers.of(machines(1, 10_000));
  await makeMachineNumbers(store).of(machines(300));
  const second = await numbers.of(machines(1, 10_001));
  expect(second(app, 'machine-10001')).toBe(first(app, 'machine-10000') + 1);
});

test('a full cache forgets the machine that was not used for longest', async () => {
  const numbers = makeMachineNumbers(store, { cachedMachinesMax: 10 });
  await numbers.of(machines(25));
  expect(numbers.cached()).toBeLessThanOrEqual(20);
  const numberOf = await numbers.of(machines(25));
  expect(new Set(machines(25).map(({ machine }) => numberOf(app, machine))).size).toBe(25);
});

/** What the history has: machines 0 to 19, numbered as they were before PostgreSQL was restored. */
function historyOf(pairs: readonly { app: string; machine: string; number: number }[]) {
  return {
    greatest: async () => Math.max(0, ...pairs.map(({ number }) => number)),
    async *pairs() {
      yield [...pairs];
    },
  };
}

const readPairs = async () =>
  (await store.pool.query(`select application as app, machine, number from machine_number order by number`)).rows;

/** As when a dump is restored that was made when the first `kept` machines were there. */
async function restoreDumpOf(kept: number): Promise<void> {
  await store.pool.query('delete from machine_number where number > $1', [kept]);
  await store.pool.query(`select setval(pg_get_serial_sequence('machine_number', 'number'), $1)`, [kept]);
}

test('a database that is older than the history takes back the numbers that machines have there', async () => {
  await store.pool.query('truncate machine_number restart identity');
  await makeMachineNumbers(store).of(machines(20));
  const before = await readPairs();
  await restoreDumpOf(12);
  const numbers = makeMachineNumbers(store, { given: historyOf(before) });
  const numberOf = await numbers.of(machines(3, 100));
  expect(machines(3, 100).map(({ machine }) => numberOf(app, machine))).toEqual([21, 22, 23]);
  expect((await readPairs()).slice(0, 20)).toEqual(before);
  const again = await numbers.of(machines(20));
  expect(before.map(({ machine }) => again(app, machine))).toEqual(before.map(({ number }) => number));
});

test('a machine that got a number of another one since the restore gives it back', async () => {
  await store.pool.query('truncate machine_number restart identity');
  await makeMachineNumbers(store).of(machines(20));
  const before = await readPairs();
  await restoreDumpOf(12);
  await makeMachineNumbers(store).of(machines(2, 100));
  const taken = machines(2, 100).map(({ machine }) => machine);
  const numberOf = await makeMachineNumbers(store, { given: historyOf(before) }).of(machines(3, 200));
  expect(numberOf(app, 'machine-200')).toBe(21);
  expect((await readPairs()).slice(0, 20)).toEqual(before);
  expect((await readPairs()).filter(({ machine }) => taken.includes(machine))).toEqual([]);
});

test('replicas that find it out at once give no number twice', async () => {
  await store.pool.query('truncate machine_number restart identity');
  await makeMachineNumbers(store).of(machines(20));
  const before = await readPairs();
  await restoreDumpOf(5);
  const replicas = Array.from({ length: 3 }, () => makeMachineNumbers(store, { given: historyOf(before) }));
  await Promise.all(replicas.map((numbers, index) => numbers.of(machines(10, 100 + 5 * index))));
  const after = await readPairs();
  expect(after.slice(0, 20)).toEqual(before);
  expect(after).toHaveLength(40);
  expect(Math.min(...after.slice(20).map(({ number }) => number))).toBeGreaterThan(20);
});
