// Ends what its own time ends: leases at their deadline, and the wait of installed attempts, which block safe mode's
// next probe for a day at most. Nothing depends on a machine asking. Any number of replicas may sweep: each end is
// decided again under its group's lock.
import type { Position } from '@platte/facts';
import { endAtDeadline, settleAfterMs as defaultSettleAfterMs } from '@platte/rollout';
import type { AttemptRow } from './attempt-row.js';
import { addTally, endAttempt, type LedgerChanges, type Moment, noChanges, putAttempt } from './ledger-changes.js';
import { freedGroups, type GroupState, haltFailed, lockGroups, type MachineKey } from './locked-groups.js';
import { sendTogether } from './statement.js';
import type { Store } from './store.js';
import { withHotClient } from './transaction.js';
import { toStatements } from './write-ledger.js';

export interface SweepContext {
  position: (now: number) => Position;
  /**
   * Only deadlines up to then: what machines reported before must be folded first, or a lease would time out that was
   * ended in time.
   */
  until: number;
  settleAfterMs?: number;
}

export interface Swept {
  /** Attempts that ended, or settled. */
  ended: number;
  freed: string[];
  halted: string[];
}

/** Attempts per transaction: so many hold their group's lock for some milliseconds. */
const sweptMax = 500;

const findDue = `
  select application, machine, update_group as "group"
  from attempt
  where due_at <= least($1::bigint, floor(extract(epoch from clock_timestamp()) * 1000)::bigint + $2::bigint)
  order by due_at
  limit ${sweptMax}`;

/** One pass: at most some hundreds of attempts. A caller sweeps again at once when it ended so many. */
export async function sweepLeases(store: Store, context: SweepContext): Promise<Swept> {
  const swept: Swept = { ended: 0, freed: [], halted: [] };
  const { rows } = await store.hot.query<MachineKey & { group: string }>({
    name: 'find-due',
    text: findDue,
    values: [context.until, store.clockOffsetMs()],
  });
  for (const group of new Set(rows.map((row) => row.group))) {
    const machines = rows.filter((row) => row.group === group);
    const one = await sweepGroup(store, context, group, machines);
    swept.ended += one.ended;
    swept.freed.push(...one.freed);
    swept.halted.push(...one.halted);
  }
  return swept;
}

function sweepGroup(
  store: Store,
  context: SweepContext,
  group: string,
  machines: readonly MachineKey[],
): Promise<Swept> {
  return withHotClient(store.hot, async (client) => {
    const locked = await lockGroups(client, [group], machines, store.clockOffsetMs());
    const changes = noChanges();
    const moment: Moment = { now: locked.now, position: () => context.position(locked.now) };
    const due = locked.attempts.filter(
      (attempt) => attempt.group === group && isDue(attempt, Math.min(context.until, locked.now)),
    );
    for (const attempt of due) sweepOne(changes, attempt, locked.groups.get(group), moment, context);
    const halted = await haltFailed(client, changes, locked, moment);
    await sendTogether(client, [...toStatements(changes), { name: 'commit', text: 'commit', values: [] }]);
    return { ended: due.length, freed: [...new Set([...freedGroups(changes), ...settledGroups(due)])], halted };
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
