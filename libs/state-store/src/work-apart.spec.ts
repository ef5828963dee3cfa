import { expect, test } from 'vitest';
import { workApart } from './work-apart.js';

const items = Array.from({ length: 512 }, (_, n) => n);
const never = { isOutage: () => false };

function failingFor(...bad: number[]) {
  const runs: number[] = [];
  const work = (part: readonly number[]) => {
    runs.push(part.length);
    return part.some((item) => bad.includes(item))
      ? Promise.reject(new Error('bad'))
      : Promise.resolve(part.map(String));
  };
  return { runs, work };
}

test('a batch without a bad item is one run', async () => {
  const { runs, work } = failingFor();
  expect(await workApart(items, work, never)).toEqual([{ items, result: items.map(String) }]);
  expect(runs).toEqual([512]);
});

test('one bad item of 512 fails alone, with 19 runs, and the results are in the order of the items', async () => {
  const { runs, work } = failingFor(300);
  const parts = await workApart(items, work, never);
  expect(parts.filter(({ error }) => error !== undefined)).toEqual([{ items: [300], error: new Error('bad') }]);
  expect(parts.flatMap((part) => part.items)).toEqual(items);
  expect(parts.flatMap(({ result }) => result ?? ['bad'])).toEqual(items.map((n) => (n === 300 ? 'bad' : String(n))));
  expect(runs).toHaveLength(19);
});

test('runs have a bound, and what is not found within it is refused as a part', async () => {
  const { runs, work } = failingFor(...items);
  const parts = await workApart(items, work, { ...never, runsMax: 10 });
  expect(runs.length).toBeLessThanOrEqual(10);
  expect(parts.flatMap((part) => part.items)).toEqual(items);
  expect(parts.every(({ error }) => error !== undefined)).toBe(true);
});

test('an outage accuses nobody: the error goes to the caller at once', async () => {
  const { runs, work } = failingFor(300);
  await expect(workApart(items, work, { isOutage: () => true })).rejects.toThrow('bad');
  expect(runs).toEqual([512]);
});
