// What a transaction changes in the ledger, gathered before it is written: deciding fills it, `writeLedger` writes it in
// one round trip. Pure bookkeeping; all of it is under the locks of the groups that it names.
import type { Fact, LeaseEnded, LeaseOutcome, Position, UpdateGranted } from '@platte/facts';
import { effectOfEnd, type Tally } from '@platte/rollout';
import { type AttemptRow, openedBy } from './attempt-row.js';

export interface FailureChange {
  application: string;
  machine: string;
  version: string;
  /** Added. */
  failures: number;
  failedAt: number | null;
  rolledBackAt: number | null;
}

export interface LedgerChanges {
  /** Attempts that a grant opens: whole rows. `again`: the machine has the row of an earlier attempt. */
  readonly opened: { attempt: AttemptRow; again: boolean }[];
  /** Attempts whose stage or marks change: whole rows as they become. */
  readonly changed: Map<string, AttemptRow>;
  /** Added to open leases and to grants, by group. */
  readonly counters: Map<string, { slots: number; grants: number; grantedAt: number }>;
  /** Added to tallies, by rollout and version. */
  readonly tallies: Map<string, { rollout: string; version: string; add: Tally }>;
  readonly failures: Map<string, FailureChange>;
  /** Failures that a success forgets. */
  readonly forgotten: { application: string; machine: string; version: string }[];
  readonly facts: Fact[];
  /** Attempts that ended, and leases: safe mode looks at them. */
  readonly ends: { attempt: AttemptRow; outcome: LeaseOutcome }[];
}

export function noChanges(): LedgerChanges {
  return {
    opened: [],
    changed: new Map(),
    counters: new Map(),
    tallies: new Map(),
    failures: new Map(),
    forgotten: [],
    facts: [],
    ends: [],
  };
}

/** When a change happens, and what names the facts that follow from it. */
export interface Moment {
  now: number;
  position: () => Position;
}

/** How an attempt, or only its lease (`installed`), ends. */
export interface End {
  outcome: LeaseOutcome;
  cause: string;
  /** What the machine reports now; what it reported when the attempt was opened, where nobody asked it. */
  version?: string;
}

/**
 * Ends an attempt, or its lease. Returns the row as it becomes; one that has ended already stays as it is.
 *
 * @param settleAfterMs how long an installed attempt blocks safe mode's next probe
 */
export function endAttempt(
  changes: LedgerChanges,
  attempt: AttemptRow,
  end: End,
  moment: Moment,
  settleAfterMs: number,
): AttemptRow {
  const { stage } = attempt;
  if (stage === 'ended' || (end.outcome === 'installed' && stage !== 'leased')) return attempt;
  const effect = effectOfEnd(stage, end.outcome);
  addSlots(changes, attempt.group, -effect.slots);
  addTally(changes, attempt.rollout, attempt.toVersion, tallied(attempt, effect.tally));
  addFailures(changes, attempt, end, effect.failures, moment.now);
  changes.facts.push(toLeaseEnded(attempt, end, moment));
  changes.ends.push({ attempt, outcome: end.outcome });
  return putAttempt(changes, toEnded(attempt, end, moment.now, settleAfterMs));
}

export function putAttempt(changes: LedgerChanges, attempt: AttemptRow): AttemptRow {
  changes.changed.set(`${attempt.application} ${attempt.machine}`, attempt);
  return attempt;
}

export function addSlots(changes: LedgerChanges, group: string, add: number): void {
  const known = changes.counters.get(group) ?? { slots: 0, grants: 0, grantedAt: 0 };
  if (add !== 0) changes.counters.set(group, { ...known, slots: known.slots + add });
}

export function addGrants(changes: LedgerChanges, group: string, grants: number, grantedAt: number): void {
  const known = changes.counters.get(group);
  if (grants > 0) changes.counters.set(group, { slots: (known?.slots ?? 0) + grants, grants, grantedAt });
}

export function addTally(changes: LedgerChanges, rollout: string, version: string, add: Tally): void {
  const key = `${rollout} ${version}`;
  const known = changes.tallies.get(key)?.add ?? { open: 0, succeeded: 0, failed: 0, timedOut: 0 };
  changes.tallies.set(key, {
    rollout,
    version,
    add: {
      open: known.open + add.open,
      succeeded: known.succeeded + add.succeeded,
      failed: known.failed + add.failed,
      timedOut: known.timedOut + add.timedOut,
    },
  });
}

function addFailures(
  changes: LedgerChanges,
  attempt: AttemptRow,
  { outcome }: End,
  failures: 'none' | 'one-more' | 'forgotten',
  now: number,
): void {
  const { application, machine, toVersion: version } = attempt;
  if (failures === 'forgotten') changes.forgotten.push({ application, machine, version });
  if (failures === 'one-more')
    putFailure(changes, {
      application,
      machine,
      version,
      failures: 1,
      failedAt: now,
      rolledBackAt: outcome === 'rolled-back' ? now : null,
    });
}

/** Also of an attempt that has ended: a rollback holds the machine whatever the ledger thought before. */
export function putFailure(changes: LedgerChanges, change: FailureChange): void {
  const key = `${change.application} ${change.machine} ${change.version}`;
  const known = changes.failures.get(key);
  changes.failures.set(key, {
    ...change,
    failures: change.failures + (known?.failures ?? 0),
    failedAt: change.failedAt ?? known?.failedAt ?? null,
    rolledBackAt: change.rolledBackAt ?? known?.rolledBackAt ?? null,
  });
}

function toEnded(attempt: AttemptRow, end: End, now: number, settleAfterMs: number): AttemptRow {
  const { outcome, cause } = end;
  if (outcome === 'installed')
    return { ...attempt, stage: 'installed', dueAt: now + settleAfterMs, installedAt: attempt.installedAt ?? now };
  return { ...attempt, stage: 'ended', dueAt: null, endedAt: now, outcome, cause };
}

/** A test's attempt takes its turn as any other, and is no evidence of how the version fares. */
function tallied({ testSource }: AttemptRow, { open, ...evidence }: Tally): Tally {
  return testSource === '' ? { open, ...evidence } : { open, succeeded: 0, failed: 0, timedOut: 0 };
}

/** What facts of one machine say in common; its version is what the attempt saw, where nobody asked it since. */
function factOf(attempt: AttemptRow, { at, n }: Position) {
  const { application: app, machine, fromVersion: version, group, channel, arch, rollout, reboots, oem } = attempt;
  const common = { v: 1, app, machine, at, n, version, group, channel, arch, rollout, reboots, oem } as const;
  return attempt.testSource === '' ? common : { ...common, testSource: attempt.testSource };
}

function toLeaseEnded(attempt: AttemptRow, end: End, moment: Moment): LeaseEnded {
  const { package: pack, toVersion } = attempt;
  const { outcome, cause, version = attempt.fromVersion } = end;
  return {
    kind: 'LeaseEnded',
    ...factOf(attempt, moment.position()),
    version,
    attempt: openedBy(attempt),
    package: pack,
    toVersion,
    outcome,
    cause,
  };
}

export function toUpdateGranted(attempt: AttemptRow, deadline: number, position: Position): UpdateGranted {
  const { package: pack, toVersion, number, grantedAt, forced } = attempt;
  return {
    kind: 'UpdateGranted',
    ...factOf(attempt, position),
    attempt: openedBy(attempt),
    package: pack,
    toVersion,
    number,
    grantedAt,
    deadline,
    forced,
  };
}
