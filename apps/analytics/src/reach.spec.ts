import { expect, test } from 'vitest';
import { describeReach } from './reach.js';

const [monday, tuesday] = [Date.UTC(2026, 10, 23, 9), Date.UTC(2026, 10, 24, 9)];

test.each([
  ['a log that nobody wrote to', { firstSequence: 0, firstAt: undefined }, undefined, 'up', 'everything'],
  ['a whole log', { firstSequence: 1, firstAt: monday }, undefined, 'up', 'which begins 2026-11-23 09:00'],
  [
    'a purged log below which the archive goes on',
    { firstSequence: 9, firstAt: tuesday },
    monday,
    'up',
    'archive since 2026-11-23 09:00',
  ],
  [
    'a log that is purged whole',
    { firstSequence: 9, firstAt: undefined },
    monday,
    'up',
    'the log is empty, before it from the archive',
  ],
  [
    'a purged log without an archive',
    { firstSequence: 9, firstAt: tuesday },
    undefined,
    'warning',
    'messages below 9 are gone',
  ],
  [
    'an archive that begins too late',
    { firstSequence: 9, firstAt: monday },
    tuesday,
    'warning',
    'restore fact_archive',
  ],
] as const)('says of %s how far back it goes', (_, log, archivedSince, state, words) => {
  const reach = describeReach(log, archivedSince);
  expect(reach.state).toBe(state);
  expect(reach.detail).toContain(words);
});
