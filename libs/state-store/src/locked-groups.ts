// Groups locked for ending attempts outside of a decision: what the log tells, and deadlines. Locks are taken in id
// order, and everything that counts is read after them.
import type { Rollout, Tally } from '@platte/rollout';
import { toColumns } from './array-literal.js';
import { attemptColumns, type AttemptRow } from './attempt-row.js';
import { findHalt, haltRollout } from './halt-rollout.js';
import type { LedgerChanges, Moment } from './ledger-changes.js';
import { type LockedGroup, toLockGroups } from './read-ledger.js';
import { inOnePacket, type Statement } from './statement.js';
import type { Client } from './transaction.js';

/** What ends look at in a group. */
export interface GroupState {
  id: string;
  safeMode: boolean;
  updatesEnabled: boolean;
  rollout: string | null;
  rolloutState: Rollout['state'] | null;
}

export interface MachineKey {
  application: string;
  machine: string;
}

export interface LockedGroups {
  /** PostgreSQL's clock after the locks, plus the test offset. */
  now: number;
  groups: ReadonlyMap<string, GroupState>;
  /** By rollout, then by version. */
  tallies: ReadonlyMap<string, ReadonlyMap<string, Tally>>;
  attempts: AttemptRow[];
}

const readClock = `select floor(extract(epoch from clock_timestamp()) * 1000)::bigint + $1::bigint as now`;

const readGroups = `
  select g.id, (g.policy ->> 'safeMode')::boolean as "safeMode", (g.policy ->> 'updatesEnabled')::boolean as "updatesEnabled",
    g.rollout, r.state as "rolloutState"
  from update_group g left join rollout r on r.id = g.rollout
  where g.id = any($1::uuid[])`;

const readTallies = `
  select t.rollout, t.version, t.open, t.succeeded, t.failed, t.timed_out as "timedOut"
  from rollout_tally t
  where t.rollout in (select g.rollout from update_group g where g.id = any($1::uuid[]))`;

const readAttempts = `
  select ${attemptColumns}
  from unnest($1::uuid[], $2::text[]) as k (application, machine)
  join attempt a on a.application = k.application and a.machine = k.machine`;

export function toReadAttemptsOf(machines: readonly MachineKey[]): Statement {
  return { name: 'read-attempts-of', text: readAttempts, values: toColumns(machines, ['application', 'machine']) };
}

/** Begins the transaction; one round trip. */
export async function lockGroups(
  client: Client,
  groups: readonly string[],
  machines: readonly MachineKey[],
  clockOffsetMs: number,
): Promise<LockedGroups> {
  const [, , clock, states, tallies, attempts] = await inOnePacket(client, () =>
    Promise.all([
      client.query('begin'),
      client.query<LockedGroup>(toLockGroups(groups)),
      client.query<{ now: number }>({ name: 'read-clock', text: readClock, values: [clockOffsetMs] }),
      client.query<GroupState>({ name: 'read-groups', text: readGroups, values: [groups] }),
      client.query<Tally & { rollout: string; version: string }>({
        name: 'read-tallies-of',
        text: readTallies,
        values: [groups],
      }),
      client.query<AttemptRow>(toReadAttemptsOf(machines)),
    ]),
  );
  return {
    now: clock.rows[0]?.now ?? 0,
    groups: new Map(states.rows.map((state) => [state.id, state])),
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

/** Halts every rollout that the gathered ends must halt. Returns the groups whose rollout was halted. */
export async function haltFailed(
  client: Client,
  changes: LedgerChanges,
  locked: LockedGroups,
  moment: Moment,
): Promise<string[]> {
  const halted: string[] = [];
  for (const { id, safeMode, rollout } of locked.groups.values()) {
    if (rollout === null) continue;
    const tallies = locked.tallies.get(rollout) ?? new Map<string, Tally>();
    const ends = changes.ends.filter(({ attempt }) => attempt.group === id);
    const cause = findHalt({ policy: { safeMode }, rollout, tallies }, ends);
    if (cause !== null && (await haltRollout(client, changes, rollout, cause, moment.position()))) halted.push(id);
  }
  return halted;
}

/** Groups in which ends free a slot, or let safe mode probe again: to be announced. */
export function freedGroups(changes: LedgerChanges): string[] {
  return [...new Set(changes.ends.map(({ attempt }) => attempt.group))];
}
