// The rules of judging as data, in the order in which they are asked; the first that applies is the answer.
//
// Those of the first list see only the group and the reported version, so that their verdict is remembered per version.
// Those of the second see the moment and the machine. What no rule refuses goes on to policy, which goes on with the
// order of `answerReasons`: holds, failures, safe mode, budgets.
import type { AnswerReason } from '@platte/facts';
import { type Check, type Judgement, toAnswer } from './judgement.js';
import { placeOf, placesMax } from './place.js';
import type { IndexedGroup, IndexedPackage } from './snapshot-index.js';
import { compareVersions, isOfVersionPrefix, type Version } from './version.js';
import { hoursAt } from './windows.js';

/** What the rules of the first list see. A version that does not parse is null: `invalid-version` comes before whoever compares. */
export interface VersionCase {
  group: IndexedGroup;
  version: Version | null;
}

export interface MomentCase {
  check: Check;
  group: IndexedGroup;
  next: IndexedPackage;
  forced: boolean;
  now: number;
}

export interface Rule<Case> {
  reason: AnswerReason;
  when: string;
  /** Null when the rule does not apply. */
  judge: (seen: Case) => Judgement | null;
}

/** How long the hours are taken as read while they are open: windows begin and end on whole minutes. */
const hoursKeptMs = 60_000;

export const versionRules: readonly Rule<VersionCase>[] = [
  { reason: 'no-package', when: 'the group has no channel, or its channel no package', judge: judgePackage },
  { reason: 'invalid-version', when: 'the version does not parse', judge: judgeGrammar },
  { reason: 'dead-end', when: 'the version may not be updated from', judge: judgeDeadEnd },
  { reason: 'up-to-date', when: 'the version is the one of the channel', judge: judgeUpToDate },
  {
    reason: 'ahead-of-channel',
    when: 'the version is above the one of the channel, and the group allows no downgrade',
    judge: judgeAhead,
  },
  { reason: 'blacklisted', when: 'the next package is blacklisted for the channel', judge: judgeBlacklist },
  {
    reason: 'updates-disabled',
    when: 'a person paused the group, or its policy has updates off',
    judge: judgeEnabled,
  },
  {
    reason: 'rollout-paused',
    when: 'a person paused the rollout, or none of this package has started',
    judge: judgePaused,
  },
  { reason: 'rollout-halted', when: 'the rollout is halted', judge: judgeHalted },
];

export const momentRules: readonly Rule<MomentCase>[] = [
  {
    reason: 'updates-disabled',
    when: 'the machine says that it will not act on an offer',
    judge: ({ check, next }) => (check.takesNone === true ? refuseUnwilling(next) : null),
  },
  { reason: 'no-package', when: 'the machine asks for other versions than the next one', judge: judgePrefix },
  { reason: 'no-package', when: 'the machine takes no deltas, and the next package is one', judge: judgeDelta },
  {
    reason: 'outside-window',
    when: 'the group’s hours are closed, and nobody forces the machine',
    judge: (seen) => judgeHours(seen, 'outside-window'),
  },
  {
    reason: 'frozen',
    when: 'a freeze is on, and nobody forces the machine',
    judge: (seen) => judgeHours(seen, 'frozen'),
  },
  {
    reason: 'not-in-wave',
    when: 'the machine’s place is outside the open waves, and nobody forces it',
    judge: (seen) => judgeWave(seen, 'not-in-wave'),
  },
  {
    reason: 'awaiting-approval',
    when: 'the same, and the wave that takes it needs an approval',
    judge: (seen) => judgeWave(seen, 'awaiting-approval'),
  },
  { reason: 'held', when: 'a person holds the machine', judge: judgeHeld },
];

/** The order, for people and for the test that prints it: identity first. */
export const judgeRules: readonly { reason: AnswerReason; when: string }[] = [
  { reason: 'no-machine-id' as const, when: 'the request names no machine' },
  { reason: 'unknown-group' as const, when: 'no group of the application has this track and arch' },
  ...versionRules,
  ...momentRules,
].map(({ reason, when }) => ({ reason, when }));

/** The package that comes next for a version: the lowest floor above it, else the target. A downgrade passes no floors. */
export function nextStep(group: IndexedGroup, version: Version): IndexedPackage | null {
  return group.steps.find((step) => compareVersions(step.version, version) > 0) ?? group.target;
}

export function toAsk({ group, next, forced }: Omit<MomentCase, 'check' | 'now'>, onlyOpenLease: boolean): Judgement {
  const { id, revision } = group.group;
  return { kind: 'ask', group: id, revision, target: next.package.version, onlyOpenLease, forced };
}

function judgePackage({ group }: VersionCase): Judgement | null {
  return group.target === null ? toAnswer('no-package', {}) : null;
}

function judgeGrammar({ group, version }: VersionCase): Judgement | null {
  return version === null ? toAnswer('invalid-version', targetOf(group)) : null;
}

function judgeDeadEnd({ group, version }: VersionCase): Judgement | null {
  const deadEnd = group.deadEnds.find((deadEnd) => version !== null && compareVersions(deadEnd.version, version) === 0);
  return deadEnd ? toAnswer('dead-end', { ...targetOf(group), note: deadEnd.reason }) : null;
}

function judgeUpToDate(seen: VersionCase): Judgement | null {
  return orderToTarget(seen) === 0 ? toAnswer('up-to-date', targetOf(seen.group)) : null;
}

function judgeAhead(seen: VersionCase): Judgement | null {
  if (orderToTarget(seen) <= 0 || seen.group.group.policy.allowDowngrade) return null;
  return toAnswer('ahead-of-channel', targetOf(seen.group));
}

function judgeBlacklist({ group, version }: VersionCase): Judgement | null {
  const next = version && nextStep(group, version);
  return next?.isBlacklisted === true ? toAnswer('blacklisted', { target: next.package.version }) : null;
}

function judgeEnabled({ group }: VersionCase): Judgement | null {
  const { policy, stop } = group.group;
  if (stop === null)
    return policy.updatesEnabled ? null : toAnswer('updates-disabled', { ...targetOf(group), refusedBy: 'policy' });
  const refusedBy = stop.policyEnabled ? 'pause' : 'pause-and-policy';
  return toAnswer('updates-disabled', { ...targetOf(group), refusedBy, ...(stop.note !== '' && { note: stop.note }) });
}

/** Also without a rollout of the channel's package: it cannot be after a command, and must never be a grant by guess. */
function judgePaused({ group }: VersionCase): Judgement | null {
  const { rollout } = group;
  if (rollout === null || rollout.package !== group.target?.package.id || rollout.state === 'superseded') {
    return toAnswer('rollout-paused', { ...targetOf(group), note: 'no rollout of this version has started' });
  }
  return rollout.state === 'paused' ? toAnswer('rollout-paused', { ...targetOf(group), note: rollout.cause }) : null;
}

function judgeHalted({ group }: VersionCase): Judgement | null {
  const { rollout } = group;
  return rollout?.state === 'halted' ? toAnswer('rollout-halted', { ...targetOf(group), note: rollout.cause }) : null;
}

function refuseUnwilling({ package: { version } }: IndexedPackage): Judgement {
  const note = 'the machine says that it will not act on an offer';
  return toAnswer('updates-disabled', { target: version, refusedBy: 'machine', note });
}

function judgePrefix({ check, next }: MomentCase): Judgement | null {
  const { version } = next.package;
  if (check.versionPrefix === '' || isOfVersionPrefix(version, check.versionPrefix)) return null;
  return toAnswer('no-package', {
    target: version,
    note: `the machine asks for versions of ${check.versionPrefix.slice(0, 40)} only`,
  });
}

/** A delta installs on one version alone, and only on a machine that says it can. */
function judgeDelta({ check, next }: MomentCase): Judgement | null {
  const { version, action } = next.package;
  if (check.takesDelta !== false || action?.isDelta !== true) return null;
  return toAnswer('no-package', { target: version, note: 'the package is a delta, and the machine takes none' });
}

/** The hours of a group are read once a minute, or once until they open: Intl is never called for each machine. */
function judgeHours({ group, forced, now }: MomentCase, reason: 'outside-window' | 'frozen'): Judgement | null {
  if (forced) return null;
  const known = group.hours;
  const { judgement } = now >= known.from && now < known.to ? known : (group.hours = readHours(group, now));
  return judgement?.kind === 'answer' && judgement.answer.reason === reason ? judgement : null;
}

function readHours(group: IndexedGroup, now: number): IndexedGroup['hours'] {
  const hours = hoursAt(group.group.policy, now);
  const minuteEnd = now - (now % hoursKeptMs) + hoursKeptMs;
  if (hours.open) return { from: now, to: minuteEnd, judgement: null };
  const judgement = toAnswer(hours.reason, { ...targetOf(group), window: hours.window }, hours.until);
  // Closed windows stay so until they open; a freeze may meet a closing window first, so it is read again.
  return { from: now, to: hours.reason === 'outside-window' ? (hours.until ?? minuteEnd) : minuteEnd, judgement };
}

/** While leases of the rollout before may be open, machines that only the wave stops go on to policy, which re-offers. */
function judgeWave(seen: MomentCase, reason: 'not-in-wave' | 'awaiting-approval'): Judgement | null {
  const refusal = seen.forced ? null : refuseByWave(seen);
  if (refusal?.answer.reason !== reason) return null;
  return seen.now < (seen.group.rollout?.earlierLeasesUntil ?? 0) ? toAsk(seen, true) : refusal;
}

/** What the wave says to a machine without an open lease; null when it lets it through. Policy asks for it too. */
export function refuseByWave({
  check,
  group,
  next,
}: Pick<MomentCase, 'check' | 'group' | 'next'>): (Judgement & { kind: 'answer' }) | null {
  const { rollout, openPlaces } = group;
  if (rollout === null || openPlaces >= placesMax) return null;
  const place = placeOf(check.machine, group.saltSeed);
  if (place < openPlaces) return null;
  const upcoming = rollout.waves[rollout.openWave];
  const needsApproval = upcoming?.needsApproval === true && place < upcoming.places;
  const reason = needsApproval ? 'awaiting-approval' : 'not-in-wave';
  return toAnswer(reason, { target: next.package.version, wave: rollout.openWave, wavePlaces: openPlaces, place });
}

/** Policy knows of holds too and asks again: this copy can be a second old, and so it may only refuse. */
function judgeHeld({ check, group, next }: MomentCase): Judgement | null {
  if (group.held.size === 0) return null;
  const note = group.held.get(check.machine);
  return note === undefined ? null : toAnswer('held', { target: next.package.version, note });
}

function orderToTarget({ group, version }: VersionCase): number {
  return version && group.target ? compareVersions(version, group.target.version) : -1;
}

function targetOf(group: IndexedGroup): { target?: string } {
  return group.target === null ? {} : { target: group.target.package.version };
}
