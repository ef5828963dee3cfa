import { describe, expect, it } from 'vitest';
import { placeOf, placesMax, toSaltSeed } from './place.js';

const machines = Array.from({ length: 100_000 }, (_, i) => `machine-${i}`);

describe('a place', () => {
  it('never moves: these are of running rollouts', () => {
    const seed = toSaltSeed('3f0c2d1e-rollout');
    expect(['', 'a', '3d12af0000000000000000000000beef', 'mäch-ine'].map((machine) => placeOf(machine, seed)))
      .toMatchInlineSnapshot(`
      [
        8359,
        4873,
        7262,
        965,
      ]
    `);
  });

  it('is uniform: chi-square over 100 buckets of 100,000 machines stays in its range', () => {
    for (const salt of ['a', 'b', 'c5d2', '']) {
      const buckets = Array.from({ length: 100 }, () => 0);
      const seed = toSaltSeed(salt);
      for (const machine of machines) {
        const bucket = Math.floor((placeOf(machine, seed) * 100) / placesMax);
        buckets[bucket]! += 1;
      }
      const chiSquare = buckets.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
      // 99 degrees of freedom: 0.9999 of all fair hashes stay below 161.
      expect(chiSquare).toBeLessThan(161);
    }
  });

  it('in one rollout says nothing of the place in the next', () => {
    const [one, two] = [toSaltSeed('rollout-1'), toSaltSeed('rollout-2')];
    const early = machines.filter((machine) => placeOf(machine, one) < 1000);
    const againEarly = early.filter((machine) => placeOf(machine, two) < 1000).length;
    // A tenth of a tenth: 1000 of 100,000, within five deviations of chance.
    expect(Math.abs(againEarly - early.length / 10)).toBeLessThan(5 * Math.sqrt(early.length * 0.09));
  });
});
