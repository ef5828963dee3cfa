import { answerReasons, leaseOutcomes, type MachineFact } from '@platte/facts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attemptsOf, evolveMachine, type MachineLife, unknownMachine } from './fleet.js';
import { checkIn, event, leaseEnded, updateGranted } from '../test/sample-facts.js';

const fold = (facts: MachineFact[]): MachineLife => facts.reduce(evolveMachine, unknownMachine);

const position = { at: fc.integer({ min: 0, max: 40 }), n: fc.integer({ min: 0, max: 3 }) };
const attempt = fc.record(position);
const version = fc.constantFrom('1.0.0', '2.0.0', '3.0.0');

// A fact's content follows from its identity: the same (kind, at, n) twice is the same fact.
const anyFact: fc.Arbitrary<MachineFact> = fc.oneof(
  fc
    .record({
      ...position,
      version,
      answer: fc.constantFrom(...answerReasons.map((reason) => ({ reason, inputs: {} }))),
    })
    .map(checkIn),
  fc
    .record({
      ...position,
      version,
      type: fc.constantFrom(3, 13, 14, 54, 800, 9),
      result: fc.constantFrom(0, 1, 2, 9),
      errorCode: fc.constantFrom('', '44', '9'),
    })
    .map(event),
  fc.record({ ...position, attempt }).map(updateGranted),
  fc.record({ ...position, attempt, outcome: fc.constantFrom(...leaseOutcomes) }).map(leaseEnded),
);

/** Facts as a log holds them: no two with one (time, n), and one grant per attempt. */
const anyFacts = fc
  .uniqueArray(anyFact, { maxLength: 40, selector: (fact) => `${fact.at} ${fact.n}` })
  .map(withOneGrantPerAttempt);

function withOneGrantPerAttempt(facts: MachineFact[]): MachineFact[] {
  const granted = new Set<string>();
  return facts.filter((fact) => {
    if (fact.kind !== 'UpdateGranted') return true;
    const key = `${fact.attempt.at} ${fact.attempt.n}`;
    return !granted.has(key) && granted.add(key);
  });
}

describe('a machine’s life', () => {
  it('is the same in any order of its facts', () => {
    const shuffled = anyFacts.chain((facts) =>
      fc.tuple(fc.constant(facts), fc.shuffledSubarray(facts, { minLength: facts.length })),
    );
    fc.assert(
      fc.property(shuffled, ([facts, other]) => {
        expect(fold(other)).toEqual(fold(facts));
      }),
      { numRuns: 500 },
    );
  });

  it('is the same when facts are delivered again, early or late', () => {
    const repeated = anyFacts.chain((facts) => fc.tuple(fc.constant(facts), fc.subarray(facts), fc.subarray(facts)));
    fc.assert(
      fc.property(repeated, ([facts, early, late]) => {
        expect(fold([...early, ...facts, ...late])).toEqual(fold(facts));
      }),
      { numRuns: 500 },
    );
  });

  it('gives an event to the newest attempt before it, also when the grant arrives after it', () => {
    const facts: MachineFact[] = [
      event({ at: 15, type: 13, result: 1 }),
      event({ at: 35, type: 13, result: 1 }),
      event({ at: 36, type: 14, result: 1 }),
      updateGranted({ at: 30, attempt: { at: 30, n: 0 }, number: 2 }),
      updateGranted({ at: 10, attempt: { at: 10, n: 0 }, number: 1 }),
      leaseEnded({ at: 20, attempt: { at: 10, n: 0 }, outcome: 'failed' }),
    ];
    expect(
      attemptsOf(fold(facts)).map(({ at, downloadingAt, downloadedAt, outcome }) => ({
        at,
        downloadingAt,
        downloadedAt,
        outcome,
      })),
    ).toEqual([
      { at: 10, downloadingAt: 15, downloadedAt: null, outcome: 'failed' },
      { at: 30, downloadingAt: 35, downloadedAt: 36, outcome: null },
    ]);
  });

  it('stays open while it is installed and waits for its reboot', () => {
    const facts = [
      updateGranted({ at: 10, attempt: { at: 10, n: 0 } }),
      leaseEnded({ at: 20, attempt: { at: 10, n: 0 }, outcome: 'installed' }),
    ];
    expect(attemptsOf(fold(facts)).map((attempt) => attempt.outcome)).toEqual([null]);
  });

  it('has the status of the newest fact that brings one, and is seen only when it sends something itself', () => {
    const life = fold([
      checkIn({ at: 10, answer: { reason: 'granted', inputs: {} } }),
      event({ at: 20, type: 4711, result: 1, version: '1.0.1' }),
      leaseEnded({ at: 30, outcome: 'timed-out' }),
    ]);
    expect(life.status?.value).toBe('timed-out');
    expect(life.seen).toMatchObject({ at: 20, value: { version: '1.0.1' } });
    expect(life.firstSeenAt).toBe(10);
  });
});
