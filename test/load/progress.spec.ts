import { expect, it } from 'vitest';
import { describe } from './progress.js';

it.each([
  [{ done: 25, total: 100, elapsedMs: 10_000 }, 'facts: 25 %, 30 s left'],
  [{ done: 1, total: 1000, elapsedMs: 1_000 }, 'facts: 0 %, 17 min left'],
  [{ done: 100, total: 100, elapsedMs: 61_400 }, 'facts: done in 61 s'],
  [{ done: 100, total: 100, elapsedMs: 600_000 }, 'facts: done in 10 min'],
])('says how long the rest takes at the pace so far: %j', (at, line) => {
  expect(describe('facts', at)).toBe(line);
});
