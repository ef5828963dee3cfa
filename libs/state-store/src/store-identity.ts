// Which PostgreSQL answers: another text after a fail-over, a restore, or a restart. What a process remembers of the database may
// be ahead of it then.
import type { Pool } from 'pg';

// The timeline is that of the log that is written now: the control file learns of a promotion at its next checkpoint only. A
// restored data folder keeps both, so the start counts too; a dump that is read into a running server makes the database or its
// tables anew.
const identity = (history: string) => `
  select concat_ws('/', ${history}, extract(epoch from pg_postmaster_start_time()),
    (select oid from pg_database where datname = current_database()), 'machine_number'::regclass::oid) as identity`;
const readWhole = identity(
  `(select system_identifier from pg_control_system()), substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)`,
);
// Where a provider grants no access to the log.
const readPart = identity(`''`);

export async function readStoreIdentity(db: Pick<Pool, 'query'>): Promise<string> {
  try {
    return await readIdentity(db, readWhole);
  } catch (error) {
    if (!isRefused(error)) throw error;
    return readIdentity(db, readPart);
  }
}

async function readIdentity(db: Pick<Pool, 'query'>, statement: string): Promise<string> {
  const { rows } = await db.query<{ identity: string }>(statement);
  return rows[0]?.identity ?? '';
}

/** No right, no such function, or not in this state: none of them passes. */
function isRefused(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return code === '42501' || code === '42883' || code === '0A000' || code === '55000';
}
