import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootMarkOf } from './boot-mark.js';

describe('the mark of a boot id', () => {
  it('is the same in every version, as it is kept', () => {
    // FNV-1a's own examples: http://www.isthe.com/chongo/tech/comp/fnv/
    expect([bootMarkOf('a'), bootMarkOf('foobar')]).toEqual([0xe40c292c, 0xbf9cf968]);
  });

  it('is 0 of none, and else a positive number of 32 bits', () => {
    expect(bootMarkOf('')).toBe(0);
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (bootId) => {
        const mark = bootMarkOf(bootId);
        expect(mark > 0 && mark < 2 ** 32 && Number.isInteger(mark)).toBe(true);
      }),
    );
  });

  it('differs between boots', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.uuid(), { minLength: 2, maxLength: 20 }), (bootIds) => {
        expect(new Set(bootIds.map(bootMarkOf)).size).toBe(bootIds.length);
      }),
      { seed: 1 },
    );
  });
});
