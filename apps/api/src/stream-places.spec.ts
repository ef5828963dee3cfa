import { expect, it } from 'vitest';
import { makeStreamPlaces } from './stream-places.js';

it('a caller takes no more places than their share, and others go on taking theirs', () => {
  const places = makeStreamPlaces({ total: 5, perCaller: 2 });
  const taken = ['ada', 'ada', 'ada', 'bob'].map((caller) => places.take(caller));
  expect(taken.map((one) => typeof one === 'function' || one)).toEqual([true, true, 'own-taken', true]);
});

it('nobody takes a place where all are taken', () => {
  const places = makeStreamPlaces({ total: 2, perCaller: 2 });
  const taken = ['ada', 'bob', 'eve'].map((caller) => places.take(caller));
  expect(taken.map((one) => typeof one === 'function' || one)).toEqual([true, true, 'all-taken']);
});

it('a place that is given back twice is free once', () => {
  const places = makeStreamPlaces({ total: 2, perCaller: 1 });
  const give = places.take('ada');
  if (typeof give !== 'function') throw new Error('no place');
  give();
  give();
  expect(['ada', 'bob', 'eve'].map((caller) => typeof places.take(caller))).toEqual(['function', 'function', 'string']);
});
