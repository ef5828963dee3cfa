import { describe, expect, it } from 'vitest';
import type { Tally } from './grant.js';
import { effectOfEnd, endAtDeadline, haltCause } from './grant-end.js';

const none: Tally = { open: 0, succeeded: 0, failed: 0, timedOut: 0 };

describe('an end', () => {
  it.each([
    [
      'an install frees the slot, and the attempt stays open',
      'leased',
      'installed',
      { slots: 1, tally: none, failures: 'none' },
    ],
    [
      'a completion of a leased attempt frees its slot',
      'leased',
      'complete',
      { slots: 1, tally: { ...none, open: -1, succeeded: 1 }, failures: 'forgotten' },
    ],
    [
      'a completion of an installed attempt has no slot to free',
      'installed',
      'complete',
      { slots: 0, tally: { ...none, open: -1, succeeded: 1 }, failures: 'forgotten' },
    ],
    [
      'a completion after a long wait for the reboot is a success',
      'settled',
      'complete',
      { slots: 0, tally: { ...none, succeeded: 1 }, failures: 'forgotten' },
    ],
    [
      'a higher version is no success of the granted one',
      'leased',
      'passed',
      { slots: 1, tally: { ...none, open: -1 }, failures: 'none' },
    ],
    [
      'a failure counts',
      'leased',
      'failed',
      { slots: 1, tally: { ...none, open: -1, failed: 1 }, failures: 'one-more' },
    ],
    [
      'a rollback counts as a failure',
      'installed',
      'rolled-back',
      { slots: 0, tally: { ...none, open: -1, failed: 1 }, failures: 'one-more' },
    ],
    [
      'a time-out counts for good',
      'leased',
      'timed-out',
      { slots: 1, tally: { ...none, open: -1, timedOut: 1 }, failures: 'one-more' },
    ],
    [
      'a cancellation counts as nothing',
      'leased',
      'cancelled',
      { slots: 1, tally: { ...none, open: -1 }, failures: 'none' },
    ],
  ] as const)('%s', (_, stage, outcome, effect) => {
    expect(effectOfEnd(stage, outcome)).toEqual(effect);
  });
});

describe('a lease at its deadline', () => {
  const running = { state: 'running' } as const;

  it.each([
    ['times out', { updatesEnabled: true }, running, false, 'timed-out'],
    ['times out in a finished rollout', { updatesEnabled: true }, { state: 'finished' }, false, 'timed-out'],
    ['is cancelled while updates are off', { updatesEnabled: false }, running, false, 'cancelled'],
    ['is cancelled while the rollout is paused', { updatesEnabled: true }, { state: 'paused' }, false, 'cancelled'],
    ['is cancelled while the rollout is halted', { updatesEnabled: true }, { state: 'halted' }, false, 'cancelled'],
    ['is cancelled when the machine asked again and was refused', { updatesEnabled: true }, running, true, 'cancelled'],
    ['times out when the channel has no package any more', { updatesEnabled: true }, null, false, 'timed-out'],
  ] as const)('%s', (_, policy, rollout, refused, outcome) => {
    expect(endAtDeadline(policy, rollout, refused).outcome).toBe(outcome);
  });
});

describe('safe mode', () => {
  const safe = { safeMode: true };

  it.each([
    ['halts at the first failure', safe, none, 'failed', 'safe mode: machine m1 failed with 2.0.0'],
    ['halts at the first time-out', safe, none, 'timed-out', 'safe mode: machine m1 did not finish in time with 2.0.0'],
    ['halts at a rollback', safe, none, 'rolled-back', 'safe mode: machine m1 rolled back with 2.0.0'],
    [
      'halts at the first failure after successes',
      safe,
      { ...none, succeeded: 5 },
      'failed',
      'safe mode: machine m1 failed with 2.0.0',
    ],
    [
      'halts again after a person resumed, while none has succeeded',
      safe,
      { ...none, failed: 1 },
      'failed',
      'safe mode: machine m1 failed with 2.0.0',
    ],
    [
      'goes on after the first failure was resumed and machines succeeded',
      safe,
      { ...none, failed: 1, succeeded: 1 },
      'failed',
      null,
    ],
    ['does not halt at a cancellation', safe, none, 'cancelled', null],
    ['does not halt at a success', safe, none, 'complete', null],
    ['does not halt when it is off', { safeMode: false }, none, 'failed', null],
  ] as const)('%s', (_, policy, before, outcome, cause) => {
    expect(haltCause(policy, before, 'm1', '2.0.0', outcome)).toBe(cause);
  });
});
