// docs/reference/rollout-rules.md is the authority for the rules, and its tables are compared here with what the code does.
import { readFileSync } from 'node:fs';
import { answerReasons, leaseOutcomes, type MachineCheckedIn } from '@platte/facts';
import { statusOf } from '@platte/fleet';
import { expect, it } from 'vitest';
import { grantRules } from './grant.js';
import { effectOfEnd } from './grant-end.js';
import { judgeRules } from './judge-rules.js';

const page = readFileSync(new URL('../../../docs/reference/rollout-rules.md', import.meta.url), 'utf8');

/** Rows of the last table of a section, without its head. */
function tableOf(section: string): string[][] {
  const begin = page.indexOf(`\n${section}`);
  const end = page.indexOf('\n#', begin + 1);
  const lines = page.slice(begin, end < 0 ? undefined : end).split('\n');
  const rows = lines.slice(lines.findLastIndex((line) => line.startsWith('| ---')) + 1);
  return rows.filter((line) => line.startsWith('|')).map((line) => line.split('|').map((cell) => cell.trim()));
}

const toRows = (rules: readonly { reason: string; when: string }[]) =>
  rules.map(({ reason, when }) => ['', `\`${reason}\``, when, '']);

it('the rules that ingress asks are on the page in their order', () => {
  expect(tableOf('### 1.1')).toEqual(toRows(judgeRules));
});

it('the rules that policy asks are on the page in their order', () => {
  expect(tableOf('### 1.2')).toEqual(toRows(grantRules));
});

it('every end of an attempt is on the page with what it counts as', () => {
  const ends = leaseOutcomes.filter((outcome) => outcome !== 'installed');
  const rows = tableOf('## 3.');
  expect(new Set(rows.map(([, outcome]) => outcome))).toEqual(new Set(ends));
  for (const [, outcome, , failure = '', safeMode] of rows) {
    const { failures, tally } = effectOfEnd('leased', ends.find((one) => one === outcome) ?? 'installed');
    expect([outcome, failure.startsWith('yes')]).toEqual([outcome, failures === 'one-more']);
    expect([outcome, failure.includes('forgets')]).toEqual([outcome, failures === 'forgotten']);
    const counted = tally.succeeded > 0 ? 'as a success' : tally.failed + tally.timedOut > 0 ? 'as a failure' : 'no';
    expect([outcome, safeMode]).toEqual([outcome, counted]);
  }
});

it('every answer that brings a status is on the page with it, and no other', () => {
  const onPage = new Map(
    tableOf('## 4.').flatMap(([, fact = '', status]) =>
      fact.startsWith('a check') ? [...fact.matchAll(/`([a-z-]+)`/g)].map(([, reason]) => [reason, status]) : [],
    ) as [string, string][],
  );
  const checkIn = { kind: 'MachineCheckedIn' } as MachineCheckedIn;
  for (const reason of answerReasons)
    expect([reason, statusOf({ ...checkIn, answer: { reason, inputs: {} } })]).toEqual([
      reason,
      onPage.get(reason) ?? null,
    ]);
});
