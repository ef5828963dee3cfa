// One of several replicas does a job that only one may do: it holds an advisory lock on a connection of its own. A lost
// connection is a lost lock, which PostgreSQL gives to another; the job must bear that both overlap for a moment. A sign of
// life every few seconds shows a connection that died silently.
import { Client, DatabaseError } from 'pg';
import { endIdleSession, endWithin, idleSessionWithSignsMs, limited, signOfLifeMs } from './connection-limits.js';

/** Held while the history's tables are compared or switched: no fold of them runs then. Among the advisory locks of the database. */
export const foldsRest = 20_002;

export interface Lead {
  /** Aborted when the lock is lost or given back. */
  readonly signal: AbortSignal;
  release: () => Promise<void>;
  /** Does the work unless somebody holds `job`, who waits meanwhile. @returns undefined when somebody does */
  unlessHeld: <T>(job: number, work: () => Promise<T>) => Promise<T | undefined>;
}

/** null: another replica leads. `job` is a constant of ours, one per job. */
export async function tryLead(url: string, job: number): Promise<Lead | null> {
  const { client, lead } = await openLead(url);
  try {
    const { rows } = await client.query<{ leads: boolean }>('select pg_try_advisory_lock($1) as leads', [job]);
    if (rows[0]?.leads === true) return lead;
  } catch (error) {
    await lead.release();
    throw error;
  }
  await lead.release();
  return null;
}

/** Waits until nobody has it, however long. */
export async function takeLead(url: string, job: number): Promise<Lead> {
  const { client, lead } = await openLead(url);
  try {
    await client.query(`set lock_timeout = ${lockWaitMs}`);
    while (!(await waitForLock(client, job)));
    return lead;
  } catch (error) {
    await lead.release();
    throw error;
  }
}

/** One wait, in whose place the next one comes at once: PostgreSQL answers in time, as long as it is there. */
const lockWaitMs = 8_000;
const lockNotAvailable = '55P03';

async function waitForLock(client: Client, job: number): Promise<boolean> {
  try {
    await client.query('select pg_advisory_lock($1)', [job]);
    return true;
  } catch (error) {
    if (error instanceof DatabaseError && error.code === lockNotAvailable) return false;
    throw error;
  }
}

async function openLead(url: string): Promise<{ client: Client; lead: Lead }> {
  // Pipelined: a sign of life may be asked for while something else is. The driver destroys it when either is not answered.
  const client = new Client({
    ...limited,
    connectionString: url,
    application_name: 'platte-leader',
    options: endIdleSession(idleSessionWithSignsMs),
    pipeline: true,
  });
  const lost = new AbortController();
  client.on('error', () => lost.abort());
  client.on('end', () => lost.abort());
  await client.connect();
  const signs = setInterval(() => void client.query('select').catch(() => {}), signOfLifeMs);
  lost.signal.addEventListener('abort', () => clearInterval(signs));
  return { client, lead: toLead(client, lost.signal) };
}

function toLead(client: Client, signal: AbortSignal): Lead {
  return {
    signal,
    release: () => endWithin(client),
    async unlessHeld(job, work) {
      const { rows: free } = await client.query<{ free: boolean }>('select pg_try_advisory_lock_shared($1) as free', [
        job,
      ]);
      if (free[0]?.free !== true) return undefined;
      try {
        return await work();
      } finally {
        // With a lost connection the lock is gone, too.
        await client.query('select pg_advisory_unlock_shared($1)', [job]).catch(() => {});
      }
    },
  };
}
