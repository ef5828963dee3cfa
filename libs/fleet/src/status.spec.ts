import { type Answer, type AnswerReason, answerReasons, type Fact } from '@platte/facts';
import { describe, expect, it } from 'vitest';
import { isSeen, type MachineStatus, statusOf } from './fleet.js';
import { checkIn, event, leaseEnded, updateGranted } from '../test/sample-facts.js';

const answered = (reason: AnswerReason): Answer => ({ reason, inputs: {} });

const ofAnswers: Record<AnswerReason, MachineStatus | null> = {
  'unknown-application': null,
  'invalid-application-id': null,
  'no-machine-id': null,
  'too-many-new-machines': null,
  'unknown-group': null,
  'no-package': null,
  'syncer-needs-multi-manifest': null,
  'invalid-version': null,
  'dead-end': null,
  'up-to-date': 'complete',
  'ahead-of-channel': null,
  blacklisted: null,
  'updates-disabled': null,
  'rollout-paused': null,
  'rollout-halted': null,
  'outside-window': 'on-hold',
  frozen: 'on-hold',
  'not-in-wave': 'on-hold',
  'awaiting-approval': 'on-hold',
  'policy-unavailable': null,
  'rule-failed': null,
  held: 'on-hold',
  cloned: null,
  'rolled-back': null,
  'backing-off': null,
  quarantined: null,
  'safe-mode-probing': 'on-hold',
  'rate-limited': 'on-hold',
  'concurrency-limited': 'on-hold',
  're-offered': 'granted',
  granted: 'granted',
};

describe('the status that an answer brings', () => {
  it.each(answerReasons)('%s', (reason) => {
    expect(statusOf(checkIn({ answer: answered(reason) }))).toBe(ofAnswers[reason]);
  });

  it('is none when the machine did not ask', () => {
    expect(statusOf(checkIn({}))).toBeNull();
  });
});

const ofEvents: [what: string, fields: Parameters<typeof event>[0], status: MachineStatus | null][] = [
  ['a download begins', { type: 13, result: 1 }, 'downloading'],
  ['a download ends', { type: 14, result: 1 }, 'downloaded'],
  ['installed, the machine will reboot', { type: 3, result: 1 }, 'installed'],
  ['installed, nothing reboots', { type: 3, result: 1, reboots: false }, 'complete'],
  ['installed by the 800 event', { type: 800, result: 1 }, 'installed'],
  ['installed by the 800 event, nothing reboots', { type: 800, result: 1, reboots: false }, 'complete'],
  ['complete with a real previous version', { type: 3, result: 2, previousVersion: '1.0.0' }, 'complete'],
  ['0.0.0 is a real previous version', { type: 3, result: 2, previousVersion: '0.0.0' }, 'complete'],
  ['a heartbeat', { type: 3, result: 2, previousVersion: '' }, null],
  ['a heartbeat of Google zero', { type: 3, result: 2, previousVersion: '0.0.0.0' }, null],
  ['rebooted', { type: 54, result: 1 }, 'complete'],
  ['a failed update', { type: 3, result: 0, errorCode: '9' }, 'failed'],
  ['a failed download', { type: 14, result: 0 }, 'failed'],
  ['an installer MSI error', { type: 2, result: 5 }, 'failed'],
  ['an installer error', { type: 2, result: 6 }, 'failed'],
  ['an installer system error', { type: 2, result: 8 }, 'failed'],
  ['a hand-off error', { type: 2, result: 10 }, 'failed'],
  ['a rollback', { type: 3, result: 0, errorCode: '44' }, 'rolled-back'],
  ['a rollback on a custom server', { type: 3, result: 0, errorCode: String(0x1000_0000 + 44) }, 'rolled-back'],
  [
    'a rollback in developer mode, printed negative',
    { type: 3, result: 0, errorCode: String((0x8000_0000 + 44) | 0) },
    'rolled-back',
  ],
  ['a Google error in the same field', { type: 3, result: 0, errorCode: '-2147219440' }, 'failed'],
  ['a deferral', { type: 3, result: 9, errorCode: '40' }, null],
  ['a cancellation', { type: 3, result: 4 }, null],
  ['an event nobody knows', { type: 4711, result: 1 }, null],
];

describe('the status that an event brings', () => {
  it.each(ofEvents)('%s', (_, fields, status) => {
    expect(statusOf(event(fields))).toBe(status);
  });
});

describe('what policy decides', () => {
  it('brings timed-out when a lease expires, and nothing else', () => {
    expect(statusOf(leaseEnded({ outcome: 'timed-out' }))).toBe('timed-out');
    expect(statusOf(leaseEnded({ outcome: 'cancelled' }))).toBeNull();
    expect(statusOf(leaseEnded({ outcome: 'installed' }))).toBeNull();
    expect(statusOf(updateGranted({}))).toBeNull();
  });

  it('is not something the machine sent', () => {
    const sent: Fact[] = [checkIn({}), event({})];
    const decided: Fact[] = [leaseEnded({}), updateGranted({})];
    expect(sent.map(isSeen)).toEqual([true, true]);
    expect(decided.map(isSeen)).toEqual([false, false]);
  });
});
