// What the decisions of a batch change in the ledger: attempts opened and reopened, refusals remembered, grants counted.
import type { AskedMachine, GrantDecision, IndexedGroup } from '@platte/rollout';
import type { AttemptRow } from './attempt-row.js';
import { otherBootOf } from './boots-of-attempt.js';
import {
  addGrants,
  addSlots,
  addTally,
  type LedgerChanges,
  type Moment,
  putAttempt,
  toUpdateGranted,
} from './ledger-changes.js';

type Grant = Extract<GrantDecision, { kind: 'grant' }>;

/** @param decided.attempts as folded, by machine */
export function applyDecisions(
  changes: LedgerChanges,
  decided: {
    group: IndexedGroup;
    asked: readonly AskedMachine[];
    decisions: readonly GrantDecision[];
    attempts: ReadonlyMap<string, AttemptRow>;
  },
  moment: Moment,
): void {
  const { group, asked, decisions, attempts } = decided;
  let grants = 0;
  for (const [index, decision] of decisions.entries()) {
    const machine = asked[index];
    if (machine === undefined) continue;
    switch (decision.kind) {
      case 'grant':
        open(
          changes,
          toAttempt(group, machine, decision, moment.now, attempts.get(machine.machine)),
          attempts.has(machine.machine),
          moment,
        );
        grants += 1;
        break;
      case 'reopen':
        reopen(changes, attempts.get(machine.machine), machine, decision.deadline);
        break;
      case 'refuse':
        rememberRefusal(changes, attempts.get(machine.machine), machine);
        break;
      case 're-offer':
        break;
      default:
        decision satisfies never;
    }
  }
  addGrants(changes, group.group.id, grants, moment.now);
}

function open(changes: LedgerChanges, attempt: AttemptRow, again: boolean, moment: Moment): void {
  changes.opened.push({ attempt, again });
  addTally(changes, attempt.rollout, attempt.toVersion, { open: 1, succeeded: 0, failed: 0, timedOut: 0 });
  changes.facts.push(toUpdateGranted(attempt, attempt.dueAt ?? 0, moment.position()));
}

function toAttempt(
  indexed: IndexedGroup,
  asked: AskedMachine,
  decision: Grant,
  now: number,
  before: AttemptRow | undefined,
): AttemptRow {
  const { group, application, rollout } = indexed;
  if (rollout === null) throw new Error(`group ${group.id} has no rollout, and a machine of it was granted an update`);
  return {
    application: application.id,
    machine: asked.machine,
    group: group.id,
    channel: group.channel,
    rollout: rollout.id,
    package: decision.package.id,
    toVersion: decision.package.version,
    fromVersion: asked.version,
    versioning: application.versioning,
    reboots: application.reboots,
    arch: asked.arch,
    oem: asked.oem,
    testSource: asked.testSource ?? '',
    openedAt: asked.at,
    openedN: asked.n,
    sinceAt: asked.at,
    sinceN: asked.n,
    number: decision.number,
    grantedAt: now,
    forced: decision.forced,
    stage: 'leased',
    dueAt: decision.deadline,
    boot: asked.boot,
    otherBoot: otherBootOf(before, asked.boot),
    bootSince: asked.at,
    cloned: false,
    ...noMarks,
  };
}

const noMarks = {
  downloadingAt: null,
  downloadedAt: null,
  installedAt: null,
  refusedAt: null,
  endedAt: null,
  outcome: null,
  cause: null,
} as const;

/**
 * A lost install, or an attempt that a clone of the machine ended: what it did before counts no more, so that it can
 * download and install again. The clone's success was none of this machine.
 */
function reopen(changes: LedgerChanges, attempt: AttemptRow | undefined, asked: AskedMachine, deadline: number): void {
  if (attempt === undefined) return;
  const { stage, outcome, rollout, toVersion, testSource } = attempt;
  addSlots(changes, attempt.group, 1);
  const taken = stage === 'ended' && outcome === 'complete' && testSource === '' ? -1 : 0;
  if (stage === 'settled' || stage === 'ended')
    addTally(changes, rollout, toVersion, { open: 1, succeeded: taken, failed: 0, timedOut: 0 });
  const again = { sinceAt: asked.at, sinceN: asked.n, stage: 'leased', dueAt: deadline } as const;
  putAttempt(changes, { ...attempt, ...noMarks, ...again, cloned: attempt.cloned || stage === 'ended' });
}

/** Why a lease that reaches its deadline was cancelled rather than timed out. */
function rememberRefusal(changes: LedgerChanges, attempt: AttemptRow | undefined, asked: AskedMachine): void {
  if (attempt?.stage !== 'leased' || attempt.group !== asked.group || attempt.refusedAt !== null) return;
  putAttempt(changes, { ...attempt, refusedAt: asked.at });
}
