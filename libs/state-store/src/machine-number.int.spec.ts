import { expect, test } from 'vitest';
import { useFreshStore } from '../test/fresh-store.js';
import { makeMachineNumbers, type NumberedMachine } from './machine-number.js';
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
  const numbers = makeMachineNumbers(store, 10);
  await numbers.of(machines(25));
  expect(numbers.cached()).toBeLessThanOrEqual(20);
  const numberOf = await numbers.of(machines(25));
  expect(new Set(machines(25).map(({ machine }) => numberOf(app, machine))).size).toBe(25);
});
