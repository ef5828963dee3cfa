import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeAgenda } from './agenda.js';

describe('the agenda', () => {
  it('gives what is due, earliest first, and keeps the rest', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50)), fc.nat(50), (times, now) => {
        const agenda = makeAgenda<{ at: number }>();
        for (const at of times) agenda.add({ at });
        const taken: number[] = [];
        for (let entry = agenda.takeDue(now); entry !== undefined; entry = agenda.takeDue(now)) taken.push(entry.at);
        const sorted = times.toSorted((a, b) => a - b);
        expect(taken).toEqual(sorted.filter((at) => at <= now));
        expect(agenda.nextAt()).toBe(sorted.find((at) => at > now));
      }),
    );
  });
});
