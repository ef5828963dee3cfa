// What the asking machines say, folded before they are decided: their events, their version, the group they ask in.
import type { AskedMachine, Asking, MachineFailure, OpenAttempt } from '@platte/rollout';
import type { CheckInSign, EventSign } from '@platte/fleet';
import { applySaid, type ApplyContext } from './apply-sign.js';
import type { AttemptRow } from './attempt-row.js';
import { wasEndedByClone } from './boots-of-attempt.js';
import type { LedgerChanges } from './ledger-changes.js';
import type { FailureRow, ForceRow } from './read-ledger.js';

/** The attempts as they become, by machine. */
export function foldAsked(
  context: ApplyContext,
  attempts: readonly AttemptRow[],
  asked: readonly AskedMachine[],
): Map<string, AttemptRow> {
  const byMachine = new Map(attempts.map((attempt) => [attempt.machine, attempt]));
  for (const machine of asked) {
    const known = byMachine.get(machine.machine);
    if (known !== undefined) byMachine.set(machine.machine, foldOne(context, known, machine));
  }
  return byMachine;
}

function foldOne(context: ApplyContext, attempt: AttemptRow, asked: AskedMachine): AttemptRow {
  let folded = attempt;
  for (const said of saidBy(asked, attempt.reboots)) folded = applySaid(context, folded, said, asked.boot);
  return folded;
}

/** Events first, then the check; its answer is not known yet, so that it can only tell the version and the group. */
function saidBy({ at, n, version, group, events }: AskedMachine, reboots: boolean): (EventSign | CheckInSign)[] {
  const answer = { reason: 're-offered', inputs: {} } as const;
  return [
    ...events.map((event): EventSign => ({ kind: 'EventReported', at, version, reboots, ...event })),
    { kind: 'MachineCheckedIn', at, n, version, group, answer },
  ];
}

const noFailures: ReadonlyMap<string, MachineFailure> = new Map();

/** What deciding sees of a machine. */
export function toAsking(
  asked: AskedMachine,
  attempt: AttemptRow | undefined,
  failures: ReadonlyMap<string, ReadonlyMap<string, MachineFailure>>,
  forces: ReadonlyMap<string, number>,
  rollout: string | null,
): Asking {
  const { machine, version, arch, versionPrefix } = asked;
  return {
    machine,
    version,
    arch,
    versionPrefix,
    attempt: toOpenAttempt(attempt, asked, rollout),
    clonedUntil: clonedUntil(attempt, asked.group),
    failures: failures.get(machine) ?? noFailures,
    forcedUntil: forces.get(machine) ?? null,
  };
}

/** An open attempt of another group is a clone's: any other has just ended as moved. */
function clonedUntil(attempt: AttemptRow | undefined, group: string): number | null {
  return attempt === undefined || attempt.stage === 'ended' || attempt.group === group ? null : attempt.dueAt;
}

function toOpenAttempt(
  attempt: AttemptRow | undefined,
  { group, boot, version }: AskedMachine,
  rollout: string | null,
): OpenAttempt | null {
  if (attempt === undefined || attempt.group !== group) return null;
  const { package: pack, toVersion, stage, dueAt } = attempt;
  // What a clone ended is repeated while it is what the group's machines get.
  const isRepeated = attempt.rollout === rollout && wasEndedByClone(attempt, boot, version);
  if (stage === 'ended' && !isRepeated) return null;
  return { package: pack, toVersion, stage: stage === 'leased' ? 'leased' : 'installed', deadline: dueAt ?? 0 };
}

/** By machine and version, with what this transaction adds and forgets. */
export function failuresAfter(
  rows: readonly FailureRow[],
  changes: LedgerChanges,
): Map<string, Map<string, MachineFailure>> {
  const failures = new Map<string, Map<string, MachineFailure>>();
  const put = (machine: string, version: string, failure: MachineFailure) => {
    const ofMachine = failures.get(machine) ?? new Map<string, MachineFailure>();
    failures.set(machine, ofMachine.set(version, failure));
  };
  for (const { machine, version, ...failure } of rows) put(machine, version, failure);
  for (const { machine, version, ...change } of changes.failures.values()) {
    const known = failures.get(machine)?.get(version) ?? { count: 0, failedAt: null, rolledBack: false };
    const rolledBack = known.rolledBack || change.rolledBackAt !== null;
    put(machine, version, {
      count: known.count + change.failures,
      failedAt: change.failedAt ?? known.failedAt,
      rolledBack,
    });
  }
  for (const { machine, version } of changes.forgotten) failures.get(machine)?.delete(version);
  return failures;
}

export function forcesOf(rows: readonly ForceRow[]): Map<string, number> {
  return new Map(rows.map(({ machine, until }) => [machine, until]));
}
