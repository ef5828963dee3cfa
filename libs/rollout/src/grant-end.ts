// What the end of a lease or of an attempt changes: slots, tallies, a machine's failures, and whether safe mode halts.
import type { LeaseOutcome } from '@platte/facts';
import type { Policy, Rollout } from './catalog.js';
import type { Tally } from './grant.js';

/**
 * Where an attempt is: `leased` holds a slot; `installed` waits for its reboot, holds none, and blocks safe mode's next
 * probe; `settled` has waited so long that it blocks nothing any more.
 */
export const attemptStages = ['leased', 'installed', 'settled', 'ended'] as const;
export type AttemptStage = (typeof attemptStages)[number];

/** An installed attempt without a reboot for so long blocks no probe: a setting's default, 24 hours. */
export const settleAfterMs = 86_400_000;

export interface EndEffect {
  /** Slots of the concurrency limit that it frees. */
  slots: 0 | 1;
  /** Added to the tally of its version. */
  tally: Tally;
  /** What becomes of the machine's failures with this version. */
  failures: 'none' | 'one-more' | 'forgotten';
}

export function effectOfEnd(stage: Exclude<AttemptStage, 'ended'>, outcome: LeaseOutcome): EndEffect {
  const isOver = outcome !== 'installed';
  const tally: Tally = {
    open: isOver && stage !== 'settled' ? -1 : 0,
    succeeded: outcome === 'complete' ? 1 : 0,
    failed: outcome === 'failed' || outcome === 'rolled-back' ? 1 : 0,
    timedOut: outcome === 'timed-out' ? 1 : 0,
  };
  return { slots: stage === 'leased' ? 1 : 0, tally, failures: failuresAfter(outcome) };
}

function failuresAfter(outcome: LeaseOutcome): EndEffect['failures'] {
  switch (outcome) {
    case 'failed':
    case 'rolled-back':
    case 'timed-out':
      return 'one-more';
    case 'complete':
      return 'forgotten';
    case 'installed':
    case 'passed':
    case 'cancelled':
      return 'none';
    default:
      return outcome satisfies never;
  }
}

interface DeadlineEnd {
  outcome: 'timed-out' | 'cancelled';
  /** In words for people. */
  cause: string;
}

/**
 * What a group's lease ends as when its deadline passes: a machine that we stopped did not time out, and of a cloned one its
 * success may have been taken for another's.
 */
export function endAtDeadline(
  policy: Pick<Policy, 'updatesEnabled'>,
  rollout: Pick<Rollout, 'state'> | null,
  refused: boolean,
  cloned = false,
): DeadlineEnd {
  if (!policy.updatesEnabled) return cancelled('while updates were off');
  if (rollout?.state === 'paused') return cancelled('while the rollout was paused');
  if (rollout?.state === 'halted') return cancelled('while the rollout was halted');
  if (refused) return cancelled('after the machine asked again and was refused');
  if (cloned) return cancelled('and several machines use this id, so that nobody knows which of them was late');
  return { outcome: 'timed-out', cause: 'the deadline passed' };
}

/**
 * Why safe mode halts the rollout: at the first failure or time-out of a version, and at each one while none of it has
 * succeeded. null when it does not.
 *
 * @param before the version's tally before this end
 */
export function haltCause(
  policy: Pick<Policy, 'safeMode'>,
  before: Tally,
  machine: string,
  toVersion: string,
  outcome: LeaseOutcome,
): string | null {
  if (!policy.safeMode || failuresAfter(outcome) !== 'one-more') return null;
  const isFirst = before.failed + before.timedOut === 0;
  if (!isFirst && before.succeeded > 0) return null;
  const what = outcome === 'timed-out' ? 'did not finish in time' : outcome === 'failed' ? 'failed' : 'rolled back';
  return `safe mode: machine ${machine} ${what} with ${toVersion}`;
}

function cancelled(why: string): DeadlineEnd {
  return { outcome: 'cancelled', cause: `the deadline passed ${why}` };
}
