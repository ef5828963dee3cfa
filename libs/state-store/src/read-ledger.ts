// Reads what decisions rest on. The lock is a statement of its own and comes first: a statement that locked and read at
// once would see other tables as they were before it waited.
import type { GroupLedger, GroupStop, MachineFailure, Tally } from '@platte/rollout';
import { toArrayLiteral } from './array-literal.js';
import { attemptColumns } from './attempt-row.js';
import type { Statement } from './statement.js';

/**
 * Among the advisory locks of two numbers, with the hash of the group's id: shared by decisions, exclusive to whoever pauses
 * the group. Two groups with one hash only wait for each other.
 */
export const decisionLock = 7_306_003;

// As below, and then the groups' advisory lock, shared: a pause takes it exclusively, so that it waits for the decisions
// under way and for nothing else. Never before the row: who waits for a row must not hold up the pause.
const lockToDecide = (nowait: string): string => `
  select g.id, g.revision, pg_advisory_xact_lock_shared(${decisionLock}, hashtext(g.id::text))
  from (select id, revision from update_group where id = any($1::uuid[]) order by id for no key update ${nowait}) g`;

// A statement of its own, after the locks. People's stops and holds are read in every decision: neither waits for the row
// of a group, so that no revision of it says that they changed.
const readPeople = `
  select
    (select jsonb_build_object('actor', jsonb_build_object('kind', s.actor_kind, 'name', s.actor), 'at', s.at, 'note', s.note, 'switchesOn', s.switches_on)
      from group_stop s where s.update_group = $1) as stop,
    (select jsonb_object_agg(h.machine, h.note)
      from machine_hold h where h.application = $2 and h.machine = any($3::text[])) as holds`;

// In id order, everywhere: so two transactions never wait for each other.
const lockGroups = `
  select id, revision from update_group where id = any($1::uuid[]) order by id for no key update`;

// A grant's time is this clock, read after the lock, never less than the grant before. Grants in the window are the
// difference of two numbers: the newest one, and the last one before the oldest batch in the window.
const readBudget = `
  select c.seq, c.open_leases as "openLeases", clock.now, coalesce(c.seq - w.before, 0)::int as used,
    w.granted_at as "oldestGrantAt"
  from grant_counter c
  cross join lateral (
    select greatest(floor(extract(epoch from clock_timestamp()) * 1000)::bigint + $2::bigint, c.last_grant_at) as now
  ) clock
  left join lateral (
    select l.granted_at, l.seq_to - l.n as before
    from grant_log l
    where l.update_group = c.update_group and l.granted_at > clock.now - $3::bigint
    order by l.granted_at, l.seq_to
    limit 1
  ) w on true
  where c.update_group = $1`;

const readTallies = `
  select t.version, t.open, t.succeeded, t.failed, t.timed_out as "timedOut"
  from rollout_tally t
  where t.rollout = (select rollout from update_group where id = $1)`;

const readAttempts = `select ${attemptColumns} from attempt a where a.application = $1 and a.machine = any($2::text[])`;

const readFailures = `
  select machine, version, failures as count, failed_at as "failedAt", rolled_back_at is not null as "rolledBack"
  from machine_failure
  where application = $1 and machine = any($2::text[])`;

const readForces = `select machine, until from machine_force where application = $1 and machine = any($2::text[])`;

/** @param waits false: fails at once where somebody else holds a lock */
export function toLockGroups(groups: readonly string[], waits = true): Statement {
  return waits
    ? { name: 'lock-groups', text: lockGroups, values: [groups] }
    : { name: 'try-lock-groups', text: `${lockGroups} nowait`, values: [groups] };
}

/** The locks of a decision. @param waits as for `toLockGroups` */
export function toLockToDecide(groups: readonly string[], waits: boolean): Statement {
  return waits
    ? { name: 'lock-to-decide', text: lockToDecide(''), values: [groups] }
    : { name: 'try-lock-to-decide', text: lockToDecide('nowait'), values: [groups] };
}

export function toReadPeople(group: string, application: string, machines: readonly string[]): Statement {
  return { name: 'read-people', text: readPeople, values: [group, application, toArrayLiteral(machines)] };
}

/** @param periodMs of the rate limit; null without one: then nothing is counted */
export function toReadBudget(group: string, clockOffsetMs: number, periodMs: number | null): Statement {
  return { name: 'read-budget', text: readBudget, values: [group, clockOffsetMs, periodMs] };
}

export function toReadTallies(group: string): Statement {
  return { name: 'read-tallies', text: readTallies, values: [group] };
}

/** Of machines of one application. */
export function toReadAttempts(application: string, machines: readonly string[]): Statement {
  return { name: 'read-attempts', text: readAttempts, values: [application, toArrayLiteral(machines)] };
}

export function toReadFailures(application: string, machines: readonly string[]): Statement {
  return { name: 'read-failures', text: readFailures, values: [application, toArrayLiteral(machines)] };
}

export function toReadForces(application: string, machines: readonly string[]): Statement {
  return { name: 'read-forces', text: readForces, values: [application, toArrayLiteral(machines)] };
}

export type Budget = Omit<GroupLedger, 'tallies'>;
export type FailureRow = MachineFailure & { machine: string; version: string };
/** What people decided of the group, and of machines that ask: read under the lock. */
export interface PeopleRow {
  stop: GroupStop | null;
  /** Notes, by machine. */
  holds: Record<string, string> | null;
}
export interface ForceRow {
  machine: string;
  until: number;
}
export type TallyRow = Tally & { version: string };
export interface LockedGroup {
  id: string;
  revision: number;
}
