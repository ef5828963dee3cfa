// Ends what its own time ends: leases at their deadline, and the wait of installed attempts, which block safe mode's
// next probe for a day at most. Nothing depends on a machine asking. Any number of replicas may sweep: each end is
// decided again under its group's lock.
import type { Position } from '@platte/facts';
import { endAtDeadline, settleAfterMs as defaultSettleAfterMs } from '@platte/rollout';
import type { AttemptRow } from './attempt-row.js';
import { foldDeferred } from './fold-deferred.js';
import { addTally, endAttempt, type LedgerChanges, type Moment, noChanges, putAttempt } from './ledger-changes.js';
import { freedGroups, type GroupState, haltIfFailed, type MachineKey, withLockedGroup } from './locked-groups.js';
import { sendTogether } from './statement.js';
import type { Store } from './store.js';
import { GroupLocked } from './stuck-groups.js';
import { workApart } from './work-apart.js';
import { toStatements } from './write-ledger.js';

export interface SweepContext {
  position: (now: number) => Position;
  /**
   * Only deadlines up to then: what machines reported before must be folded first, or a lease would time out that was
   * ended in time.
   */
  until: number;
  settleAfterMs?: number;
  /** Of an error: no machine is to blame. Without it none is, and the error is thrown. */
  isOutage?: (error: unknown) => boolean;
  /** Machines whose row was bad a moment ago. */
  leaveOut?: (machine: MachineKey) => boolean;
}

export interface Swept {
  /** Attempts that ended, or settled. */
  ended: number;
  freed: string[];
  halted: string[];
  /** Groups that somebody else keeps locked: what is due there waits. */
  locked: GroupLocked[];
  /** Machines whose row cannot be read or written: they hold up no other. */
  failed: (MachineKey & { error: unknown })[];
}

/** Attempts per transaction: so many hold their group's lock for some milliseconds. */
const sweptMax = 500;

/** `$3`: groups that are left out; `$4`: null, or the only group. */
const findDue = `
  select application, machine, update_group as "group"
  from attempt
  where due_at <= least($1::bigint, floor(extract(epoch from clock_timestamp()) * 1000)::bigint + $2::bigint)
    and update_group <> all($3::uuid[]) and update_group = coalesce($4::uuid, update_group)
  order by due_at
  limit ${sweptMax}`;

/**
 * One pass: at most some hundreds of attempts. A caller sweeps again at once when it ended so many. What was put aside
 * because of a locked group is folded first: no lease may time out that was ended in time.
 */
export async function sweepLeases(store: Store, context: SweepContext): Promise<Swept> {
  const { freed, halted, locked, failed } = await foldDeferred(store, context);
  const swept: Swept = { ended: 0, freed, halted, locked, failed };
  const waiting = locked.flatMap(({ groups }) => groups);
  const stuck = store.stuck.all().filter((group) => !waiting.includes(group));
  // Stuck groups by themselves: what is overdue there must not fill the pass of the others.
  await sweepDue(store, context, swept, { except: [...waiting, ...stuck], only: null });
  for (const only of stuck) await sweepDue(store, context, swept, { except: waiting, only });
  return swept;
}

async function sweepDue(
  store: Store,
  context: SweepContext,
  swept: Swept,
  { except, only }: { except: readonly string[]; only: string | null },
): Promise<void> {
  const { rows } = await store.hot.query<MachineKey & { group: string }>({
    name: 'find-due',
    text: findDue,
    values: [context.until, store.clockOffsetMs(), except, only],
  });
  const { isOutage = () => true, leaveOut = () => false } = context;
  const isOfGroup = (error: unknown) => error instanceof GroupLocked || isOutage(error);
  const due = Map.groupBy(
    rows.filter((row) => !leaveOut(row)),
    (row) => row.group,
  );
  // A stuck group is tried also when nothing is due: so it is known when it is free again.
  if (only !== null && !due.has(only)) due.set(only, []);
  for (const [group, machines] of due) {
    try {
      const sweepSome = (some: readonly MachineKey[]) => sweepGroup(store, context, group, some, swept);
      const parts = await workApart(machines, sweepSome, { isOutage: isOfGroup });
      for (const { items, error } of parts) {
        if (error === undefined) continue;
        swept.failed.push(...items.map(({ application, machine }) => ({ application, machine, error })));
      }
    } catch (error) {
      if (!(error instanceof GroupLocked)) throw error;
      swept.locked.push(error);
    }
  }
}

/** @throws GroupLocked */
function sweepGroup(
  store: Store,
  context: SweepContext,
  group: string,
  machines: readonly MachineKey[],
  swept: Swept,
): Promise<void> {
  return withLockedGroup(store, group, machines, async (client, locked) => {
    const changes = noChanges();
    const moment: Moment = { now: locked.now, position: () => context.position(locked.now) };
    const due = locked.attempts.filter(
      (attempt) => attempt.group === group && isDue(attempt, Math.min(context.until, locked.now)),
    );
    for (const attempt of due) sweepOne(changes, attempt, locked.state, moment, context);
    const isHalted = await haltIfFailed(client, changes, locked, moment);
    await sendTogether(client, [...toStatements(changes), { name: 'commit', text: 'commit', values: [] }]);
    swept.ended += due.length;
    swept.freed.push(...new Set([...freedGroups(changes), ...settledGroups(due)]));
    if (isHalted) swept.halted.push(group);
  });
}

function isDue({ stage, dueAt }: AttemptRow, until: number): boolean {
  return (stage === 'leased' || stage === 'installed') && dueAt !== null && dueAt <= until;
}

function sweepOne(
  changes: LedgerChanges,
  attempt: AttemptRow,
  group: GroupState | undefined,
  moment: Moment,
  context: SweepContext,
): void {
  if (attempt.stage === 'installed') {
    addTally(changes, attempt.rollout, attempt.toVersion, { open: -1, succeeded: 0, failed: 0, timedOut: 0 });
    putAttempt(changes, { ...attempt, stage: 'settled', dueAt: null });
    return;
  }
  const policy = { updatesEnabled: group?.updatesEnabled ?? false };
  const rollout = group?.rolloutState ? { state: group.rolloutState } : null;
  const end = endAtDeadline(policy, rollout, attempt.refusedAt !== null, attempt.cloned);
  endAttempt(changes, attempt, end, moment, context.settleAfterMs ?? defaultSettleAfterMs);
}

function settledGroups(due: readonly AttemptRow[]): string[] {
  return due.filter(({ stage }) => stage === 'installed').map(({ group }) => group);
}
