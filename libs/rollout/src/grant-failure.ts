// What a machine's failures with one version mean for its next try: wait, doubling, and quarantine in the end.
import type { Policy } from './catalog.js';

/** A machine's failures with one version, since the last success or forgiveness. */
export interface MachineFailure {
  count: number;
  /** When the last of them was: null without any. */
  failedAt: number | null;
  /** It came back on the version before: held for this version until a person forgives it. */
  rolledBack: boolean;
}

export function isQuarantined(policy: Policy, failure: MachineFailure): boolean {
  return failure.count >= policy.quarantineAfter;
}

/** 1 h, 2 h, 4 h… up to the maximum, by default. */
export function backOffUntil(policy: Policy, failure: MachineFailure): number {
  if (failure.failedAt === null || failure.count === 0) return 0;
  const doublings = Math.min(failure.count - 1, 30);
  return failure.failedAt + Math.min(policy.backoffMs * 2 ** doublings, policy.backoffMaxMs);
}
