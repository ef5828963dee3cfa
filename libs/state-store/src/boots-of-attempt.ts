// Whose attempt it is, where several machines speak under one id (a cloned image carries its machine id along). A boot that
// was followed by another does not come back: one that does is another machine's, and the attempt is cloned.
//
//   boot        was granted the update; a new boot that does not have the version yet takes over (the machine crashed)
//   other_boot  the one before it, or the one whose version ended the attempt
//   cloned      other_boot spoke after boot did: from then on the attempt is boot's alone
//
// Clones of a running machine share a boot id, too: then a version that comes back without a reboot tells.
import type { Sign, SignKind } from '@platte/fleet';
import type { AttemptRow } from './attempt-row.js';

/** The attempt after a boot was heard that did not end it. The same object where that tells nothing. */
export function heard(attempt: AttemptRow, boot: number, at: number): AttemptRow {
  const { boot: holder, otherBoot, bootSince, cloned } = attempt;
  if (attempt.stage === 'ended' || cloned || isSameBoot(boot, holder) || at <= bootSince) return attempt;
  if (boot === otherBoot) return { ...attempt, cloned: true };
  return { ...attempt, boot, otherBoot: holder, bootSince: at };
}

/**
 * Whether what a boot says is of another machine than the one that the attempt belongs to. A move to another group is only
 * while a clone holds a lease: an installed one may wait long for its reboot, and nobody waits for that.
 */
export function isForeign(attempt: AttemptRow, kind: SignKind, boot: number): boolean {
  const { boot: holder, otherBoot, cloned, stage, reboots } = attempt;
  if (boot === 0 || holder === 0) return false;
  if (kind === 'moved') return cloned && stage === 'leased' && boot === otherBoot;
  // Who has the update has installed it: of a cloned machine a version alone may be anybody's.
  const isSudden = isArrival(kind) && stage === 'leased';
  if (boot === holder) return cloned && reboots && isSudden;
  if (boot === otherBoot) return cloned || isArrival(kind);
  return cloned && isSudden;
}

/** The attempt as a sign that is its own finds it: with the boot that says that it has arrived. */
export function toldBy(attempt: AttemptRow, { kind }: Sign, boot: number): AttemptRow {
  if (!isArrival(kind) || boot === 0) return attempt;
  return { ...attempt, otherBoot: isSameBoot(boot, attempt.boot) ? 0 : boot };
}

/**
 * Whether an attempt was ended by another machine than the one that was granted the update and asks once more: what it was
 * granted stands, and is repeated.
 */
export function wasEndedByClone(attempt: AttemptRow, boot: number, version: string): boolean {
  const { outcome, otherBoot, reboots, fromVersion } = attempt;
  if (attempt.stage !== 'ended' || boot === 0 || boot !== attempt.boot) return false;
  if (outcome !== 'complete' && outcome !== 'passed') return false;
  return otherBoot !== 0 || (reboots && version === fromVersion);
}

/** Of the attempt before, what the next one's boot is not. */
export function otherBootOf(before: AttemptRow | undefined, boot: number): number {
  if (before === undefined) return 0;
  return [before.otherBoot, before.boot].find((one) => one !== 0 && one !== boot) ?? 0;
}

function isSameBoot(boot: number, holder: number): boolean {
  return boot === 0 || holder === 0 || boot === holder;
}

export function isArrival(kind: SignKind): boolean {
  return kind === 'complete' || kind === 'passed';
}
