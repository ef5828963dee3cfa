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

/** null: the fact brings none, and the machine keeps the one it had (`unknown` before the first). */
export function statusOf(fact: Fact): MachineStatus | null {
  switch (fact.kind) {
    case 'MachineCheckedIn':
      return fact.answer === undefined ? null : statusOfAnswer(fact.answer.reason);
    case 'EventReported':
      return statusOfMeaning(classifyEvent(fact.type, fact.result, fact.errorCode, fact.previousVersion, fact.reboots));
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

function statusOfAnswer(reason: AnswerReason): MachineStatus | null {
  switch (reason) {
    case 'granted':
    case 're-offered':
      return 'granted';
    case 'up-to-date':
      return 'complete';
    case 'held':
    case 'outside-window':
    case 'frozen':
    case 'not-in-wave':
    case 'awaiting-approval':
    case 'rate-limited':
    case 'concurrency-limited':
    case 'safe-mode-probing':
      return 'on-hold';
    case 'unknown-application':
    case 'invalid-application-id':
    case 'no-machine-id':
    case 'unknown-group':
    case 'no-package':
    case 'syncer-needs-multi-manifest':
    case 'invalid-version':
    case 'dead-end':
    case 'ahead-of-channel':
    case 'blacklisted':
    case 'updates-disabled':
    case 'rollout-paused':
    case 'rollout-halted':
    case 'policy-unavailable':
    case 'rolled-back':
    case 'backing-off':
    case 'quarantined':
      return null;
  }
}

function statusOfMeaning(meaning: EventMeaning): MachineStatus | null {
  switch (meaning) {
    case 'downloading':
    case 'downloaded':
    case 'installed':
    case 'complete':
    case 'failed':
    case 'rolled-back':
      return meaning;
    case 'deferred':
    case 'heartbeat':
    case 'other':
      return null;
  }
}
