import { describe, expect, it } from 'vitest';
import { makeSuspects } from './suspects.js';

describe('a message that fails alone', () => {
  it('is poison at its third failure, with a success between each', () => {
    const suspects = makeSuspects();
    const verdicts = [1, 2, 3].map((other) => {
      suspects.acquit([other]);
      return suspects.accuse(7);
    });
    expect(verdicts).toEqual([false, false, true]);
  });

  it('is none while nothing else succeeds: that is an outage', () => {
    const suspects = makeSuspects();
    expect(Array.from({ length: 100 }, () => suspects.accuse(7))).not.toContain(true);
  });

  it('is none any more once it succeeded', () => {
    const suspects = makeSuspects();
    for (let round = 0; round < 10; round++) {
      suspects.acquit([1]);
      expect(suspects.accuse(7)).toBe(false);
      suspects.acquit([2]);
      expect(suspects.accuse(7)).toBe(false);
      suspects.acquit([7]);
    }
  });
});
