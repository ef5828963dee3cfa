import { expect, it } from 'vitest';
import { digestOf, makeInstanceCache, type RememberedInstance } from './instance-cache.js';

const instance = (seenAt: number): RememberedInstance => ({
  core: 2 ** 53 - 1,
  report: 5,
  alias: 6,
  aliasAt: seenAt + 1,
  status: 'on-hold',
  statusAt: seenAt,
  seenAt,
  writtenSeenAt: 7,
});

it('gives back what it was told', () => {
  const cache = makeInstanceCache(10);
  cache.put('a', instance(1));
  cache.put('b', instance(2));
  cache.put('a', instance(3));
  expect(cache.get('a')).toEqual(instance(3));
  expect(cache.get('b')).toEqual(instance(2));
  expect(cache.get('c')).toBeUndefined();
  expect(cache.size).toBe(2);
});

it('never holds more than it may, and still knows most of a fleet that is a little larger', () => {
  const cache = makeInstanceCache(100);
  const machines = Array.from({ length: 110 }, (_, n) => `m${n}`);
  let known = 0;
  for (let round = 0; round < 20; round++) {
    for (const machine of machines) {
      if (cache.get(machine) === undefined) cache.put(machine, instance(round));
      else known += 1;
    }
  }
  expect(cache.size).toBe(100);
  // Forgetting the oldest first would know none: each machine comes back just after it was forgotten.
  expect(known / (20 * machines.length)).toBeGreaterThan(0.5);
});

it('uses the room of what it forgot', () => {
  const cache = makeInstanceCache(2);
  cache.put('a', instance(1));
  cache.put('b', instance(2));
  cache.forget('a');
  cache.forget('unknown');
  cache.put('c', instance(3));
  expect([cache.get('a'), cache.get('b')?.seenAt, cache.get('c')?.seenAt]).toEqual([undefined, 2, 3]);
  cache.clear();
  expect([cache.size, cache.get('b')]).toEqual([0, undefined]);
});

it('digests texts with their places', () => {
  const digests = [['a', 'b'], ['ab', ''], ['', 'ab'], ['b', 'a'], ['a', null], ['a', 'null'], ['a']].map(digestOf);
  expect(new Set(digests).size).toBe(digests.length);
  expect(digests.every(Number.isSafeInteger)).toBe(true);
  expect(digestOf(['a', 'b'])).toBe(digests[0]);
});
