// What can be said of a check without asking anybody: most check-ins end here. O(1) in the size of the fleet, and cheap:
// what depends on the version alone is remembered per group, and its answer is one shared object.
import { momentRules, type MomentCase, nextStep, toAsk, versionRules } from './judge-rules.js';
import { type Check, type Judgement, toAnswer } from './judgement.js';
import { findGroup, type IndexedGroup, type SnapshotIndex, type Verdict } from './snapshot-index.js';
import { parseVersion, versionCharsMax } from './version.js';

/** Versions whose verdict a group remembers: far more than a healthy fleet runs. Beyond it the memory starts anew. */
const verdictsMax = 512;

const noMachineId = toAnswer('no-machine-id', {});
const unknownGroup = toAnswer('unknown-group', {});

export function judge(check: Check, index: SnapshotIndex, now: number): Judgement {
  return judgeInGroup(check, findGroup(index, check.track, check.arch), now);
}

/** As `judge`, for a caller that has found the group already. */
export function judgeInGroup(check: Check, group: IndexedGroup | undefined, now: number): Judgement {
  if (check.machine === '') return noMachineId;
  if (group === undefined) return unknownGroup;
  const verdict = verdictOf(group, check.version);
  if (verdict.kind === 'answer') return verdict.judgement;
  return judgeMoment({ check, group, next: verdict.next, forced: isForced(group, check.machine, now), now });
}

/** What the version alone decides in a group. */
export function verdictOf(group: IndexedGroup, version: string): Verdict {
  const known = group.verdicts.get(version);
  if (known !== undefined) return known;
  const verdict = judgeVersion(group, version);
  if (version.length > versionCharsMax) return verdict;
  if (group.verdicts.size >= verdictsMax) group.verdicts.clear();
  group.verdicts.set(version, verdict);
  return verdict;
}

function judgeVersion(group: IndexedGroup, text: string): Verdict {
  const version = parseVersion(text, group.application.versioning);
  for (const rule of versionRules) {
    const judgement = rule.judge({ group, version });
    if (judgement !== null) return { kind: 'answer', judgement };
  }
  const next = version && nextStep(group, version);
  return next ? { kind: 'offer', next } : { kind: 'answer', judgement: toAnswer('no-package', {}) };
}

function judgeMoment(seen: MomentCase): Judgement {
  for (const rule of momentRules) {
    const judgement = rule.judge(seen);
    if (judgement !== null) return judgement;
  }
  return toAsk(seen, false);
}

function isForced(group: IndexedGroup, machine: string, now: number): boolean {
  return group.forced.size > 0 && (group.forced.get(machine) ?? 0) > now;
}
