// One machine for people: what they did to it, and its newest attempt. Nothing is decided by these reads.
import type pg from 'pg';
import { attemptColumns, type AttemptRow } from './attempt-row.js';

type Db = Pick<pg.Pool, 'query'>;

/** What people did to one machine. */
export interface MachineMarks {
  /** The note of the person who holds it; null when nobody does. */
  held: string | null;
  forcedUntil: number | null;
  /** '' when it has no name but its own alias. */
  name: string;
  labels: Record<string, string>;
}

const selectMachineMarks = `
  select (select note from machine_hold where application = $1 and machine = $2) as held,
    (select until from machine_force where application = $1 and machine = $2) as "forcedUntil",
    coalesce((select name from machine_card where application = $1 and machine = $2), '') as name,
    coalesce((select labels from machine_card where application = $1 and machine = $2), '{}') as labels`;

export async function readMachineMarks(db: Db, application: string, machine: string): Promise<MachineMarks> {
  const { rows } = await db.query<MachineMarks>(selectMachineMarks, [application, machine]);
  return rows[0] ?? { held: null, forcedUntil: null, name: '', labels: {} };
}

const selectAttempt = `select ${attemptColumns} from attempt a where a.application = $1 and a.machine = $2`;

/** The machine's newest attempt, open or ended; undefined when it was never granted an update. */
export async function findAttempt(db: Db, application: string, machine: string): Promise<AttemptRow | undefined> {
  const { rows } = await db.query<AttemptRow>(selectAttempt, [application, machine]);
  return rows[0];
}

const selectLabelled = `
  select machine from machine_card
  where application = $1 and labels ? $2 and ($3::text is null or labels @> jsonb_build_object($2::text, $3::text))
  order by machine
  limit $4`;

const selectNamed = `
  select machine from machine_card
  where application = $1 and name <> '' and position(lower($2) in lower(name)) > 0
  order by machine
  limit $3`;

/** Machines to which people gave a name that has this fragment, without regard to case. */
export async function listNamed(
  db: Db,
  { application, fragment, limit }: { application: string; fragment: string; limit: number },
): Promise<string[]> {
  const { rows } = await db.query<{ machine: string }>(selectNamed, [application, fragment, limit]);
  return rows.map(({ machine }) => machine);
}

const selectNames = `select machine, name from machine_card where application = $1 and machine = any($2) and name <> ''`;

/** The names that people gave to some of these machines. */
export async function readNames(
  db: Db,
  application: string,
  machines: readonly string[],
): Promise<Map<string, string>> {
  const { rows } = await db.query<{ machine: string; name: string }>(selectNames, [application, machines]);
  return new Map(rows.map(({ machine, name }) => [machine, name]));
}

/** Machines with a label; with a value, only those that have it so. */
export async function listLabelled(
  db: Db,
  { application, name, value, limit }: { application: string; name: string; value?: string | undefined; limit: number },
): Promise<string[]> {
  const { rows } = await db.query<{ machine: string }>(selectLabelled, [application, name, value ?? null, limit]);
  return rows.map(({ machine }) => machine);
}
