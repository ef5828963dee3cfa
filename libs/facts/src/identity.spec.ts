import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparePositions, countsPerMs, makePositions, Position } from './identity.js';

const draw = fc.nat({ max: 2 ** 32 - 1 });
/** A clock that may stand still and jump back. */
const clock = fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 200 });

describe('positions of one process', () => {
  it('grow strictly, whatever the clock does', () => {
    fc.assert(
      fc.property(draw, clock, (drawn, times) => {
        const next = makePositions(drawn);
        const positions = times.map((now) => next(now));
        for (let index = 1; index < positions.length; index++) {
          expect(comparePositions(positions[index - 1]!, positions[index]!)).toBeLessThan(0);
        }
      }),
    );
  });

  it('are never before the clock, and never after its newest reading', () => {
    fc.assert(
      fc.property(draw, clock, (drawn, times) => {
        const next = makePositions(drawn);
        let newest = 0;
        for (const now of times) {
          newest = Math.max(newest, now);
          expect(next(now).at).toBe(newest);
        }
      }),
    );
  });

  it('are exact as numbers, also for the largest draw', () => {
    const next = makePositions(2 ** 32 - 1);
    for (let count = 0; count < 3; count++) expect(Position.safeParse(next(1)).success).toBe(true);
    expect(Number.isSafeInteger((2 ** 32 - 1) * countsPerMs + countsPerMs - 1)).toBe(true);
  });

  it('borrow the next millisecond after a million in one, and never repeat', () => {
    const next = makePositions(0);
    for (let count = 0; count < countsPerMs; count++) next(1000);
    expect(next(1000)).toEqual({ at: 1001, n: 0 });
    expect(next(1000)).toEqual({ at: 1001, n: 1 });
    expect(next(1001)).toEqual({ at: 1001, n: 2 });
    expect(next(1002)).toEqual({ at: 1002, n: 0 });
  });
});

describe('positions of several processes', () => {
  it('all differ, and have one order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(draw, { minLength: 2, maxLength: 5 }), clock, (draws, times) => {
        const processes = draws.map(makePositions);
        const positions = times.flatMap((now) => processes.map((next) => next(now)));
        const sorted = positions.toSorted(comparePositions);
        for (let index = 1; index < sorted.length; index++) {
          expect(comparePositions(sorted[index - 1]!, sorted[index]!)).toBeLessThan(0);
        }
      }),
    );
  });
});
