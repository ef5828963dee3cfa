// Which status a fact brings: a pure function of that fact alone, so that any consumer can write it as a column. A
// machine's status at T is that of the newest fact, by (time, n), that brings one.
import type { AnswerReason, Fact } from '@platte/facts';
import { classifyEvent, type EventMeaning } from './event.js';

export const machineStatuses = [
  'unknown',
  'granted',
  'downloading',
  'downloaded',
  'installed',
  'complete',
  'failed',
  'rolled-back',
  'timed-out',
  'on-hold',
] as const;
export type MachineStatus = (typeof machineStatuses)[number];

/** The statuses of a machine that is on its way through a grant. */
export const inFlightStatuses: ReadonlySet<MachineStatus> = new Set<MachineStatus>([
  'granted',
  'downloading',
  'downloaded',
  'installed',
]);

/** Whole, so that a new answer must say which status it brings. */
const ofAnswers: Readonly<Record<AnswerReason, MachineStatus | null>> = {
  granted: 'granted',
  're-offered': 'granted',
  'up-to-date': 'complete',
  held: 'on-hold',
  'outside-window': 'on-hold',
  frozen: 'on-hold',
  'not-in-wave': 'on-hold',
  'awaiting-approval': 'on-hold',
  'rate-limited': 'on-hold',
  'concurrency-limited': 'on-hold',
  'safe-mode-probing': 'on-hold',
  'unknown-application': null,
  'invalid-application-id': null,
  'no-machine-id': null,
  'too-many-new-machines': null,
  'unknown-group': null,
  'no-package': null,
  'syncer-needs-multi-manifest': null,
  'invalid-version': null,
  'dead-end': null,
  'ahead-of-channel': null,
  blacklisted: null,
  'updates-disabled': null,
  'rollout-paused': null,
  'rollout-halted': null,
  'policy-unavailable': null,
  'rule-failed': null,
  cloned: null,
  'rolled-back': null,
  'backing-off': null,
  quarantined: null,
};

const ofMeanings: Readonly<Record<EventMeaning, MachineStatus | null>> = {
  downloading: 'downloading',
  downloaded: 'downloaded',
  installed: 'installed',
  complete: 'complete',
  failed: 'failed',
  'rolled-back': 'rolled-back',
  deferred: null,
  heartbeat: null,
  other: null,
};

/** null: the fact brings none, and the machine keeps the one it had (`unknown` before the first). */
export function statusOf(fact: Fact): MachineStatus | null {
  switch (fact.kind) {
    case 'MachineCheckedIn':
      return fact.answer === undefined ? null : ofAnswers[fact.answer.reason];
    case 'EventReported':
      return ofMeanings[classifyEvent(fact.type, fact.result, fact.errorCode, fact.previousVersion, fact.reboots)];
    case 'LeaseEnded':
      // The other outcomes follow from what the machine sent, and that fact brought the status already.
      return fact.outcome === 'timed-out' ? 'timed-out' : null;
    default:
      return null;
  }
}

/** Whether the machine itself sent something: only that counts as seen. A syncer is no machine of the fleet. */
export function isSeen(fact: Fact): boolean {
  return fact.kind === 'MachineCheckedIn' || fact.kind === 'EventReported';
}
