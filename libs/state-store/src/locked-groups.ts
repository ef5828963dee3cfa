// A group locked for ending attempts outside of a decision: what the log reports, and deadlines. One group per
// transaction, so that one that somebody else keeps locked holds up no other. All that counts is read after the lock.
import type { Rollout, Tally } from '@platte/rollout';
import { toColumns } from './array-literal.js';
import { attemptColumns, type AttemptRow } from './attempt-row.js';
import { findHalt, haltRollout } from './halt-rollout.js';
import type { LedgerChanges, Moment } from './ledger-changes.js';
import { toLockGroups } from './read-ledger.js';
import { inOnePacket, type Statement } from './statement.js';
import type { Store } from './store.js';
import { withGroupLocks } from './stuck-groups.js';
import { type Client, withHotClient } from './transaction.js';

/** What ends look at in a group. */
export interface GroupState {
  id: string;
  safeMode: boolean;
  /** By its policy and by people: nobody has paused it. */
  updatesEnabled: boolean;
  rollout: string | null;
  rolloutState: Rollout['state'] | null;
}

export interface MachineKey {
  application: string;
  machine: string;
}

export interface LockedGroup {
  /** PostgreSQL's clock after the lock, plus the test offset. */
  now: number;
  /** undefined: the group is gone. */
  state: GroupState | undefined;
  /** By rollout, then by version. */
  tallies: ReadonlyMap<string, ReadonlyMap<string, Tally>>;
  attempts: AttemptRow[];
}

const readClock = `select floor(extract(epoch from clock_timestamp()) * 1000)::bigint + $1::bigint as now`;

const readGroup = `
  select g.id, (g.policy ->> 'safeMode')::boolean as "safeMode", g.rollout, r.state as "rolloutState",
    (g.policy ->> 'updatesEnabled')::boolean and s.update_group is null as "updatesEnabled"
  from update_group g left join rollout r on r.id = g.rollout left join group_stop s on s.update_group = g.id
  where g.id = $1`;

const readTallies = `
  select t.rollout, t.version, t.open, t.succeeded, t.failed, t.timed_out as "timedOut"
  from rollout_tally t
  where t.rollout = (select g.rollout from update_group g where g.id = $1)`;

const readAttempts = `
  select ${attemptColumns}
  from unnest($1::uuid[], $2::text[]) as k (application, machine)
  join attempt a on a.application = k.application and a.machine = k.machine`;

export function toReadAttemptsOf(machines: readonly MachineKey[]): Statement {
  return { name: 'read-attempts-of', text: readAttempts, values: toColumns(machines, ['application', 'machine']) };
}

/**
 * Runs `work` in a transaction that holds the group's lock. `work` sends the commit itself.
 *
 * @throws GroupLocked
 */
export function withLockedGroup<T>(
  store: Store,
  group: string,
  machines: readonly MachineKey[],
  work: (client: Client, locked: LockedGroup) => Promise<T>,
): Promise<T> {
  return withGroupLocks(store.stuck, [group], () =>
    withHotClient(store.hot, async (client) => work(client, await lockGroup(client, store, group, machines))),
  );
}

/** Begins the transaction; one round trip. */
async function lockGroup(
  client: Client,
  store: Store,
  group: string,
  machines: readonly MachineKey[],
): Promise<LockedGroup> {
  const [, , clock, states, tallies, attempts] = await inOnePacket(client, () =>
    Promise.all([
      client.query('begin'),
      client.query(toLockGroups([group], !store.stuck.has(group))),
      client.query<{ now: number }>({ name: 'read-clock', text: readClock, values: [store.clockOffsetMs()] }),
      client.query<GroupState>({ name: 'read-group', text: readGroup, values: [group] }),
      client.query<Tally & { rollout: string; version: string }>({
        name: 'read-tallies-of',
        text: readTallies,
        values: [group],
      }),
      client.query<AttemptRow>(toReadAttemptsOf(machines)),
    ]),
  );
  return {
    now: clock.rows[0]?.now ?? 0,
    state: states.rows[0],
    tallies: byRollout(tallies.rows),
    attempts: attempts.rows,
  };
}

function byRollout(rows: readonly (Tally & { rollout: string; version: string })[]): Map<string, Map<string, Tally>> {
  const tallies = new Map<string, Map<string, Tally>>();
  for (const { rollout, version, ...tally } of rows) {
    const ofRollout = tallies.get(rollout) ?? new Map<string, Tally>();
    tallies.set(rollout, ofRollout.set(version, tally));
  }
  return tallies;
}

/** Halts the group's rollout where the gathered ends must halt it. Returns whether it was halted. */
export async function haltIfFailed(
  client: Client,
  changes: LedgerChanges,
  { state, tallies }: LockedGroup,
  moment: Moment,
): Promise<boolean> {
  if (state === undefined || state.rollout === null) return false;
  const { id, safeMode, rollout } = state;
  const ends = changes.ends.filter(({ attempt }) => attempt.group === id);
  const cause = findHalt({ policy: { safeMode }, rollout, tallies: tallies.get(rollout) ?? new Map() }, ends);
  return cause !== null && (await haltRollout(client, changes, rollout, cause, moment.position()));
}

/** Groups in which ends free a slot, or let safe mode probe again: to be announced. */
export function freedGroups(changes: LedgerChanges): string[] {
  return [...new Set(changes.ends.map(({ attempt }) => attempt.group))];
}
