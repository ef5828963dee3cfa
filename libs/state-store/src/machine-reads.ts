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

/** Machines with a label; with a value, only those that have it so. */
export async function listLabelled(
  db: Db,
  { application, name, value, limit }: { application: string; name: string; value?: string | undefined; limit: number },
): Promise<string[]> {
  const { rows } = await db.query<{ machine: string }>(selectLabelled, [application, name, value ?? null, limit]);
  return rows.map(({ machine }) => machine);
}
