import { expect, test } from 'vitest';
import { freshFactsMax } from './questions/current.js';
import { restAfterRebuild } from './rebuild-rest.js';

const pauseMs = 2000;
const atRest = { tookMs: 300, sinceMs: 5000, facts: 100, caughtUp: true };

test('a fleet at rest costs a tenth of the time at most', () => {
  expect(restAfterRebuild(atRest, pauseMs)).toBe(3000);
});

test('a quick rebuild rests for the pause, a slow one for a minute at most', () => {
  expect(restAfterRebuild({ ...atRest, tookMs: 10 }, pauseMs)).toBe(2000);
  expect(restAfterRebuild({ ...atRest, tookMs: 9000 }, pauseMs)).toBe(60_000);
});

test('without facts there is no pace to go by', () => {
  expect(restAfterRebuild({ ...atRest, facts: 0 }, pauseMs)).toBe(3000);
  expect(restAfterRebuild({ ...atRest, facts: 0, sinceMs: 0 }, pauseMs)).toBe(3000);
});

test.each([5_000, 14_000, 30_000, 60_000])(
  'at %i facts per second no more waits than questions can add',
  (perSecond) => {
    const run = { tookMs: 1500, sinceMs: 10_000, facts: perSecond * 10, caughtUp: true };
    const restMs = restAfterRebuild(run, pauseMs);
    const waiting = ((restMs + run.tookMs) / 1000) * perSecond;
    expect(waiting).toBeLessThanOrEqual(freshFactsMax);
    // As long as it may be: half of that would be a fold too many.
    expect(restMs === 15_000 || waiting > freshFactsMax / 2).toBe(true);
  },
);

test('facts that arrive faster than they can be folded leave the engine to itself for a while all the same', () => {
  expect(restAfterRebuild({ tookMs: 4000, sinceMs: 4000, facts: 450_000, caughtUp: true }, pauseMs)).toBe(2000);
});

test('a backlog is folded without a rest', () => {
  expect(restAfterRebuild({ tookMs: 4000, sinceMs: 4000, facts: 500_000, caughtUp: false }, pauseMs)).toBe(0);
});
