import { expect, test } from 'vitest';
import { describeReach } from './reach.js';

const [sunday, monday, tuesday] = [Date.UTC(2026, 10, 22, 9), Date.UTC(2026, 10, 23, 9), Date.UTC(2026, 10, 24, 9)];

interface Facts {
  first: number;
  log?: number;
  archive?: number;
  rows?: number;
}

test.each<[string, Facts, string, string]>([
  ['a log that nobody wrote to', { first: 0 }, 'up', 'everything'],
  [
    'a whole log',
    { first: 1, log: monday, archive: monday - 900, rows: monday - 900 },
    'up',
    'log alone, which begins 2026-11-23 09:00',
  ],
  ['a whole log without an archive', { first: 1, log: monday, rows: monday - 900 }, 'up', 'everything'],
  ['a purged log', { first: 9, log: tuesday, archive: monday, rows: monday }, 'up', 'archive since 2026-11-23 09:00'],
  ['a log that is purged whole', { first: 9, archive: monday, rows: monday }, 'up', 'the log is empty, before it from'],
  ['a purged log without an archive', { first: 9, log: tuesday }, 'warning', 'has number 9; the archive is empty'],
  ['an archive that begins too late', { first: 9, log: monday, archive: tuesday }, 'warning', 'restore fact_archive'],
  [
    'a log that was lost and begins again with message 1',
    { first: 1, log: tuesday, archive: monday, rows: monday },
    'up',
    'from the log since 2026-11-24 09:00, before it from the archive since 2026-11-23 09:00',
  ],
  [
    'a log that was lost, and no archive',
    { first: 1, log: tuesday, rows: monday },
    'warning',
    'the archive is empty, while the history knows facts since 2026-11-23 09:00',
  ],
  ['a log that was lost and is empty, and no archive', { first: 0, rows: monday }, 'warning', 'the log is empty'],
  [
    'an archive that lost its oldest facts',
    { first: 1, log: tuesday, archive: monday, rows: sunday },
    'warning',
    'begins 2026-11-23 09:00, while the history knows facts since 2026-11-22 09:00',
  ],
])('says of %s how far back it goes', (_, { first, log, archive, rows }, state, words) => {
  const reach = describeReach({ firstSequence: first, firstAt: log }, { archivedSince: archive, knownSince: rows });
  expect(reach.state).toBe(state);
  expect(reach.detail).toContain(words);
});
