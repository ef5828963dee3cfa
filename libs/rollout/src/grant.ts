// Who of a batch is granted an update, who is offered the same again, and who is refused with which reason.
//
// A pure function of the catalog and of what the ledger says under the group's lock. Machines are decided in the order
// in which they asked, and each decision counts for the next one. The rules after judging are `grantRules`: budgets last,
// because only they cost something.
//
// A force skips hours, wave (in judging), back-off, quarantine and safe mode's order; never a limit, a pause or a halt,
// nor a hold or a rollback. An open lease is asked for none of that again, and keeps its version.
import type { Answer, AnswerInputs, AnswerReason, Arch } from '@platte/facts';
import type { Package, Policy } from './catalog.js';
import { backOffUntil, isQuarantined, type MachineFailure } from './grant-failure.js';
import { nextStep, refuseByWave } from './judge-rules.js';
import { judgeInGroup } from './judge.js';
import { ruleFailed } from './judgement.js';
import type { IndexedGroup, IndexedPackage } from './snapshot-index.js';
import { parseVersion } from './version.js';

/** What the ledger says of a group, read after its lock was taken. */
export interface GroupLedger {
  /** The moment of all decisions of this batch: never before the last grant. */
  now: number;
  /** Grants of the group ever: the next one has the number after it. */
  seq: number;
  openLeases: number;
  /** Grants in the window of the rate limit that ends now, and when the oldest of them was made. */
  used: number;
  oldestGrantAt: number | null;
  /** By version, of the group's rollout. */
  tallies: ReadonlyMap<string, Tally>;
}

/** A version in a rollout. */
export interface Tally {
  /** Attempts that block safe mode's next probe. */
  open: number;
  succeeded: number;
  failed: number;
  timedOut: number;
}

/** A machine's attempt that has not ended, in this group. */
export interface OpenAttempt {
  package: string;
  toVersion: string;
  /** `installed`: it waits for its reboot and holds no slot; a check says that the install is lost. */
  stage: 'leased' | 'installed';
  deadline: number;
}

/** A machine that asks, with what the ledger says of it. */
export interface Asking {
  machine: string;
  version: string;
  arch: Arch;
  versionPrefix: string;
  attempt: OpenAttempt | null;
  /** Until when a clone of it, in another group, holds a lease under its id; null when none does. */
  clonedUntil: number | null;
  /** By version. */
  failures: ReadonlyMap<string, MachineFailure>;
  /** Until when a person forces it; null when nobody does. */
  forcedUntil: number | null;
}

export type GrantDecision =
  | { kind: 'refuse'; answer: Answer }
  | { kind: 're-offer'; answer: Answer; package: string; deadline: number }
  /** A lost install: it takes a slot again and gets a new deadline, but no number. */
  | { kind: 'reopen'; answer: Answer; package: string; deadline: number }
  | { kind: 'grant'; answer: Answer; package: Package; deadline: number; number: number; forced: boolean };

/** What deciding a batch changes as it goes. */
interface Running {
  readonly group: IndexedGroup;
  readonly ledger: GroupLedger;
  granted: number;
  openLeases: number;
  readonly openProbes: Map<string, number>;
  /** Attempts that this batch opened or reopened: a machine may ask twice in one batch. */
  readonly opened: Map<string, OpenAttempt>;
  readonly forcesUsed: Set<string>;
}

/** The decisions, in the order of the machines. */
export function decideGrants(group: IndexedGroup, ledger: GroupLedger, asking: readonly Asking[]): GrantDecision[] {
  const running: Running = {
    group: withForces(group, asking),
    ledger,
    granted: 0,
    openLeases: ledger.openLeases,
    openProbes: new Map([...ledger.tallies].map(([version, tally]) => [version, tally.open])),
    opened: new Map(),
    forcesUsed: new Set(),
  };
  return asking.map((machine) => decideGuarded(running, machine));
}

/** The forces that the ledger knows, in place of the catalog's copy: one that a grant has used up stands no more. */
function withForces(group: IndexedGroup, asking: readonly Asking[]): IndexedGroup {
  const forced = new Map<string, number>();
  for (const { machine, forcedUntil } of asking) if (forcedUntil !== null) forced.set(machine, forcedUntil);
  return group.forced.size === 0 && forced.size === 0 ? group : { ...group, forced };
}

/** A rule that throws costs one machine its answer, and never the others of the batch. */
function decideGuarded(running: Running, asking: Asking): GrantDecision {
  try {
    return decideOne(running, asking);
  } catch (error) {
    return { kind: 'refuse', answer: ruleFailed(error) };
  }
}

function decideOne(running: Running, asking: Asking): GrantDecision {
  const { group, ledger } = running;
  const check = {
    machine: asking.machine,
    version: asking.version,
    track: group.group.track,
    arch: asking.arch,
    versionPrefix: asking.versionPrefix,
  };
  const judgement = judgeInGroup(check, group, ledger.now);
  if (judgement.kind === 'answer') return { kind: 'refuse', answer: judgement.answer };
  const attempt = running.opened.get(asking.machine) ?? asking.attempt;
  if (attempt !== null) return decideAttempt(running, asking, attempt);
  const version = parseVersion(asking.version, group.application.versioning);
  const next = version && nextStep(group, version);
  if (next === null) return refuse('no-package', {});
  const refusal = judgement.onlyOpenLease ? refuseByWave({ check, group, next }) : null;
  return refusal === null ? decideNew(running, asking, next) : { kind: 'refuse', answer: refusal.answer };
}

/** A machine on its way asks again: it crashed, lost power, or lost its install. */
function decideAttempt(running: Running, asking: Asking, attempt: OpenAttempt): GrantDecision {
  const { group, ledger } = running;
  const { package: pack, toVersion: target } = attempt;
  if (group.channel?.blacklist.includes(pack) === true) return refuse('blacklisted', { target });
  if (attempt.stage === 'leased') {
    const { deadline } = attempt;
    return {
      kind: 're-offer',
      answer: { reason: 're-offered', inputs: { target, deadline } },
      package: pack,
      deadline,
    };
  }
  const full = refuseByConcurrency(running, target);
  if (full !== null) return full;
  const deadline = ledger.now + group.group.policy.updateTimeoutMs;
  running.openLeases += 1;
  running.opened.set(asking.machine, { ...attempt, stage: 'leased', deadline });
  return { kind: 'reopen', answer: { reason: 're-offered', inputs: { target, deadline } }, package: pack, deadline };
}

function decideNew(running: Running, asking: Asking, next: IndexedPackage): GrantDecision {
  const target = next.package.version;
  const forced = isForced(running, asking);
  const seen: GrantCase = {
    running,
    target,
    failure: asking.failures.get(target),
    forced,
    clonedUntil: asking.clonedUntil,
  };
  for (const rule of grantRules) {
    const refusal = rule.refuse(seen);
    if (refusal !== null) return refusal;
  }
  return grant(running, asking, next.package, forced);
}

/** Used up by its first grant, also within one batch. */
function isForced({ forcesUsed, ledger }: Running, { machine, forcedUntil }: Asking): boolean {
  return forcedUntil !== null && forcedUntil > ledger.now && !forcesUsed.has(machine);
}

/** What the rules see of a machine that could be granted `target`. */
interface GrantCase {
  running: Running;
  target: string;
  /** The machine's failures with the target. */
  failure: MachineFailure | undefined;
  forced: boolean;
  clonedUntil: number | null;
}

/**
 * In the order in which they are asked, after those of judging. That of quarantine comes before back-off: the end of a wait
 * after which nothing changes is nothing that a person wants to read.
 */
export const grantRules: readonly {
  reason: AnswerReason;
  when: string;
  /** Null when the rule does not apply. */
  refuse: (seen: GrantCase) => GrantDecision | null;
}[] = [
  {
    reason: 'cloned',
    when: 'several machines use the id, and another of them holds a lease in another group',
    refuse: refuseCloned,
  },
  {
    reason: 'rolled-back',
    when: 'the machine came back from the version, and nobody has forgiven it',
    refuse: refuseRolledBack,
  },
  {
    reason: 'quarantined',
    when: 'the machine failed the version too often, and nobody forces it',
    refuse: refuseQuarantined,
  },
  {
    reason: 'backing-off',
    when: 'the machine failed the version a while ago, and nobody forces it',
    refuse: refuseBackingOff,
  },
  {
    reason: 'safe-mode-probing',
    when: 'in safe mode another machine tries the version, none has succeeded, and nobody forces the machine',
    refuse: refuseBySafeMode,
  },
  { reason: 'rate-limited', when: 'the group’s grants of its period are used up', refuse: refuseByRate },
  {
    reason: 'concurrency-limited',
    when: 'as many leases of the group are open as may be',
    refuse: ({ running, target }) => refuseByConcurrency(running, target),
  },
];

/** One id has one attempt: its machines take turns. */
function refuseCloned({ clonedUntil, target }: GrantCase): GrantDecision | null {
  return clonedUntil === null ? null : refuse('cloned', { target, deadline: clonedUntil }, clonedUntil);
}

function refuseRolledBack({ failure, target }: GrantCase): GrantDecision | null {
  return failure?.rolledBack === true ? refuse('rolled-back', { target }) : null;
}

function refuseQuarantined({ running, failure, target, forced }: GrantCase): GrantDecision | null {
  if (forced || failure === undefined || !isQuarantined(running.group.group.policy, failure)) return null;
  return refuse('quarantined', { target, failures: failure.count });
}

function refuseBackingOff({ running, failure, target, forced }: GrantCase): GrantDecision | null {
  if (forced || failure === undefined) return null;
  const until = backOffUntil(running.group.group.policy, failure);
  return until > running.ledger.now ? refuse('backing-off', { target, failures: failure.count }, until) : null;
}

/** One machine at a time until one has succeeded, of the version that would be granted: each floor is probed by itself. */
function refuseBySafeMode({ running, target, forced }: GrantCase): GrantDecision | null {
  const { group, ledger, openProbes } = running;
  if (forced || !group.group.policy.safeMode || (ledger.tallies.get(target)?.succeeded ?? 0) > 0) return null;
  const open = openProbes.get(target) ?? 0;
  return open > 0 ? refuse('safe-mode-probing', { target, limit: 1, used: open }) : null;
}

function refuseByRate({ running: { group, ledger, granted }, target }: GrantCase): GrantDecision | null {
  const { rateLimit } = group.group.policy;
  const used = ledger.used + granted;
  if (rateLimit === null || used < rateLimit.max) return null;
  const { max: limit, periodMs } = rateLimit;
  // With a limit that was lowered since, the oldest grant's end frees nothing yet: then nobody knows when.
  const until = used === limit ? (ledger.oldestGrantAt ?? ledger.now) + periodMs : undefined;
  return refuse('rate-limited', { target, limit, used, periodMs }, until);
}

function refuseByConcurrency({ group, openLeases }: Running, target: string): GrantDecision | null {
  const limit = concurrencyLimitOf(group.group.policy);
  return limit === null || openLeases < limit
    ? null
    : refuse('concurrency-limited', { target, limit, used: openLeases });
}

/** With a rate limit and no limit of its own, as many at once as in a period: as in Nebraska. */
export function concurrencyLimitOf(policy: Policy): number | null {
  return policy.concurrencyLimit ?? policy.rateLimit?.max ?? null;
}

function grant(running: Running, asking: Asking, pack: Package, forced: boolean): GrantDecision {
  const { group, ledger } = running;
  const deadline = ledger.now + group.group.policy.updateTimeoutMs;
  running.granted += 1;
  running.openLeases += 1;
  running.openProbes.set(pack.version, (running.openProbes.get(pack.version) ?? 0) + 1);
  running.opened.set(asking.machine, { package: pack.id, toVersion: pack.version, stage: 'leased', deadline });
  // Every grant uses the force up, also one that would have come without it.
  if (asking.forcedUntil !== null) running.forcesUsed.add(asking.machine);
  const answer: Answer = { reason: 'granted', inputs: { target: pack.version, deadline } };
  return { kind: 'grant', answer, package: pack, deadline, number: ledger.seq + running.granted, forced };
}

function refuse(reason: AnswerReason, inputs: AnswerInputs, until?: number): GrantDecision {
  return { kind: 'refuse', answer: { reason, inputs, ...(until !== undefined && { until }) } };
}
