// One of several replicas does a job that only one may do: it holds an advisory lock on a connection of its own. A lost
// connection is a lost lock, which PostgreSQL gives to another; the job must bear that both overlap for a moment.
import { Client } from 'pg';

export interface Lead {
  /** Aborted when the lock is lost or given back. */
  readonly signal: AbortSignal;
  release: () => Promise<void>;
}

/** null: another replica leads. `job` is a constant of ours, one per job. */
export async function tryLead(url: string, job: number): Promise<Lead | null> {
  const client = new Client({ connectionString: url, application_name: 'platte-leader', keepAlive: true });
  const lost = new AbortController();
  client.on('error', () => lost.abort());
  client.on('end', () => lost.abort());
  await client.connect();
  const { rows } = await client.query<{ leads: boolean }>('select pg_try_advisory_lock($1) as leads', [job]);
  if (rows[0]?.leads !== true) {
    await client.end();
    return null;
  }
  return {
    signal: lost.signal,
    release: () => client.end(),
  };
}
