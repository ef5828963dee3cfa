import type { MachineCheckedIn } from '@platte/facts';
import { describe, expect, test } from 'vitest';
import { numberOf, openFresh, toBatches } from '../test/fresh-history.js';
import { app, makeFacts } from '../test/random-facts.js';
import { isCloned, writeFacts } from './history.js';
import { speakInTurns } from './questions/boots.js';

const hourMs = 3_600_000;
const from = Date.UTC(2026, 10, 2);
const sample = makeFacts({ seed: 3, machines: 5, facts: 200, from, spanMs: hourMs }).find(
  (fact): fact is MachineCheckedIn => fact.kind === 'MachineCheckedIn',
)!;

/** One check-in an hour, with these boot ids. */
const checkIns = (machine: string, boots: readonly string[]): MachineCheckedIn[] =>
  boots.map((bootId, hour) => ({ ...sample, machine, bootId, at: from + hour * hourMs, n: hour }));

test('a machine is cloned when two boots speak in turns, whatever arrived how often', async () => {
  const history = await openFresh();
  const facts = [
    ...checkIns('reboots', ['a', 'a', 'b', 'b', 'c']),
    ...checkIns('cloned', ['a', 'b', 'a']),
    ...checkIns('silent about it', ['', 'a', '', 'a', '']),
    ...checkIns('once cloned', ['a', 'b', 'a', ...Array.from({ length: 200 }, () => 'b')]),
  ];
  for (const batch of toBatches([...facts, ...facts], 100, 1)) await writeFacts(history, [batch], numberOf);
  const isClonedAt = (machine: string, hour: number) =>
    isCloned(history, { app, machine, until: from + hour * hourMs });
  expect(await isClonedAt('reboots', 5)).toBe(false);
  expect(await isClonedAt('cloned', 5)).toBe(true);
  expect(await isClonedAt('silent about it', 5)).toBe(false);
  expect(await isClonedAt('nobody', 5)).toBe(false);
  expect(await isClonedAt('once cloned', 100)).toBe(true);
  expect(await isClonedAt('once cloned', 7 * 24 + 4)).toBe(false);
});

describe('boots', () => {
  const boot = (id: string, firstAt: number, lastAt: number) => ({ id, firstAt, lastAt });
  test.each([
    ['none', [], false],
    ['one', [boot('a', 1, 9)], false],
    ['one after the other', [boot('b', 5, 9), boot('a', 1, 5)], false],
    ['one within the other', [boot('a', 1, 9), boot('b', 5, 5)], true],
    ['three, of which two overlap', [boot('c', 8, 9), boot('a', 1, 2), boot('b', 3, 8), boot('d', 6, 10)], true],
  ])('%s: in turns %s', (_, boots, expected) => {
    expect(speakInTurns(boots)).toBe(expected);
  });
});
