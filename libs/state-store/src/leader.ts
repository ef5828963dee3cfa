// One of several replicas does a job that only one may do: it holds an advisory lock on a connection of its own. A lost
// connection is a lost lock, which PostgreSQL gives to another; the job must bear that both overlap for a moment.
import { Client } from 'pg';

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
  const { rows } = await client.query<{ leads: boolean }>('select pg_try_advisory_lock($1) as leads', [job]);
  if (rows[0]?.leads === true) return lead;
  await client.end();
  return null;
}

/** Waits until nobody has it, however long. */
export async function takeLead(url: string, job: number): Promise<Lead> {
  const { client, lead } = await openLead(url);
  await client.query('select pg_advisory_lock($1)', [job]);
  return lead;
}

async function openLead(url: string): Promise<{ client: Client; lead: Lead }> {
  const client = new Client({ connectionString: url, application_name: 'platte-leader', keepAlive: true });
  const lost = new AbortController();
  client.on('error', () => lost.abort());
  client.on('end', () => lost.abort());
  await client.connect();
  return { client, lead: toLead(client, lost.signal) };
}

function toLead(client: Client, signal: AbortSignal): Lead {
  return {
    signal,
    release: () => client.end(),
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
