import { answerReasons } from '@platte/facts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDecisions, parseQuestion, renderDecisions, renderFailure, renderQuestion } from './asking-wire.js';
import type { AskedMachine, Decision } from './asking.js';
import { samplePackage } from './sample-snapshot.js';
import type { SpentNotice } from './spent-notice.js';

const few = (...texts: string[]) => fc.constantFrom(...texts);
const said = fc.record({
  app: few('a1', 'a2'),
  group: few('g1', 'g2', 'g3'),
  revision: fc.integer({ min: 1, max: 2 }),
  version: few('1.0.0', '2.0.0', 'no "version"'),
  arch: fc.constantFrom('amd64', 'arm64'),
  oem: few('', 'azure'),
  machine: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
  at: fc.integer({ min: 0, max: 2 ** 52 }),
  n: fc.nat(),
  boot: fc.nat(),
  versionPrefix: few('', '', '1.'),
  onlyOpenLease: fc.boolean(),
  forced: fc.boolean(),
  events: fc.array(
    fc.record({ n: fc.nat(), type: fc.nat(99), result: fc.nat(9), errorCode: few('', '9'), previousVersion: few('') }),
    { maxLength: 2 },
  ),
});
const asked: fc.Arbitrary<AskedMachine> = fc
  .tuple(said, few('', 'prober'))
  .map(([machine, testSource]) => (testSource === '' ? machine : { ...machine, testSource }));
const pack = samplePackage(1, '2.0.0');
const decision: fc.Arbitrary<Decision> = fc.record(
  {
    answer: fc.record(
      {
        reason: fc.constantFrom(...answerReasons),
        inputs: fc.record(
          { target: few('1.0.0', '2.0.0'), limit: fc.nat(2), used: fc.nat(2), note: few('', 'a note') },
          { requiredKeys: [] },
        ),
        until: fc.nat(2),
      },
      { requiredKeys: ['reason', 'inputs'] },
    ),
    offer: fc.constantFrom(pack, { ...pack, version: '3.0.0' }),
  },
  { requiredKeys: ['answer'] },
);

describe('a question', () => {
  it('is read as it was asked', () => {
    fc.assert(
      fc.property(fc.array(asked, { maxLength: 256 }), (machines) => {
        expect(parseQuestion(renderQuestion(machines))).toEqual(machines);
      }),
    );
  });

  it('says once what its machines share', () => {
    const [one] = fc.sample(said, 1);
    const alike = Array.from({ length: 100 }, (_, n) => ({ ...one!, machine: `m${n}`, ...quiet }));
    const { sorts, rare } = JSON.parse(renderQuestion(alike));
    expect(sorts).toHaveLength(1);
    expect(rare).toEqual([]);
  });

  it.each([
    ['no JSON', 'nonsense'],
    ['no object', '"yes"'],
    ['a column that is missing', without('n')],
    ['a column that is shorter', changed({ at: [] })],
    ['a sort that it does not name', changed({ sort: [1] })],
    ['a sort below the first', changed({ sort: [-1] })],
    ['a time that is none', changed({ at: ['now'] })],
    ['a machine that is no text', changed({ machines: [7] })],
    ['more than 256 machines', renderQuestion(Array.from({ length: 257 }, () => plain()))],
  ])('is refused with %s', (_, text) => {
    expect(() => parseQuestion(text)).toThrow(Error);
  });
});

describe('decisions', () => {
  it('are read as they were made', () => {
    fc.assert(
      fc.property(fc.array(decision, { maxLength: 256 }), (decisions) => {
        expect(parseDecisions(renderDecisions(decisions), decisions.length)).toEqual({ decisions, spent: [] });
      }),
    );
  });

  it('that are the same are said once, and read as one', () => {
    const refusals = Array.from({ length: 100 }, (): Decision => refusal());
    expect(JSON.parse(renderDecisions(refusals)).decisions).toHaveLength(1);
    expect(new Set(parseDecisions(renderDecisions(refusals), 100).decisions).size).toBe(1);
  });

  it.each([
    ['for fewer machines', renderDecisions([]), 1],
    ['of a decision that was not sent', JSON.stringify({ decisions: [refusal()], decision: [1], spent: [] }), 1],
    [
      'of a reason that there is not',
      JSON.stringify({ decisions: [{ answer: { reason: 'x' } }], decision: [0], spent: [] }),
      1,
    ],
    ['that are none', '"yes"', 1],
    ['that are no JSON', 'nonsense', 1],
  ])('are refused %s', (_, text, machines) => {
    expect(() => parseDecisions(text, machines)).toThrow(Error);
  });

  it('bring the notices of spent groups along', () => {
    const rate = { reason: 'rate-limited', limit: 1, used: 1, periodMs: 10, until: 20 } as const;
    const notice: SpentNotice = { group: 'g', revision: 1, ...rate, except: ['m'], forMs: 5.5 };
    expect(parseDecisions(renderDecisions([refusal()], [notice]), 1).spent).toEqual([notice]);
  });

  it('that could not be made say why', () => {
    expect(() => parseDecisions(renderFailure('no database'), 1)).toThrow('policy failed: no database');
  });
});

const quiet = { versionPrefix: '', onlyOpenLease: false, forced: false, events: [] };

function plain(): AskedMachine {
  const sort = { app: 'a', group: 'g', revision: 1, version: '1.0.0', arch: 'amd64' as const, oem: '' };
  return { ...sort, machine: 'm', at: 1, n: 1, boot: 1, ...quiet };
}

function changed(changes: object): string {
  return JSON.stringify({ ...JSON.parse(renderQuestion([plain()])), ...changes });
}

function without(column: string): string {
  return JSON.stringify({ ...JSON.parse(renderQuestion([plain()])), [column]: undefined });
}

function refusal(): Decision {
  return { answer: { reason: 'rate-limited', inputs: { target: '2.0.0', limit: 1, used: 1 }, until: 5 } };
}
