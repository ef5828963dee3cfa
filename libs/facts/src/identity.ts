// A fact's identity is (application, machine, at, kind, n). It is fixed when the fact is made: our own retries repeat it.
import { z } from 'zod';

/** Milliseconds since the epoch, by the server's clock. */
export const Time = z.number().int().nonnegative();

/**
 * (at, n) is a total order over all facts: `n` is a random 32-bit number that a process draws at its start, times 2^20,
 * plus a count within the millisecond. It stays below 2^52, so that it is exact as a JavaScript number and as a UInt64.
 */
export const Position = z.object({ at: Time, n: z.number().int().nonnegative() });
export type Position = z.infer<typeof Position>;

export const countsPerMs = 2 ** 20;

/**
 * Draws positions for one process. Time never runs backward in it, and all positions of one moment differ.
 *
 * @param draw a random integer in 0..2^32-1, drawn once per process by the caller (core has no chance)
 */
export function makePositions(draw: number): (now: number) => Position {
  const base = draw * countsPerMs;
  let at = 0;
  let count = 0;
  return (now) => {
    if (now > at) {
      at = now;
      count = 0;
    }
    if (count === countsPerMs) {
      // A million facts in one millisecond: borrow the next one rather than repeat an identity.
      at += 1;
      count = 0;
    }
    return { at, n: base + count++ };
  };
}

/** Orders facts by (at, n): negative, zero or positive, as `Array.sort` wants it. */
export function comparePositions(a: Position, b: Position): number {
  return a.at - b.at || a.n - b.n;
}
