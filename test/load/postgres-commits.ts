import pg from 'pg';
import type { Platform } from '../journeys/platform.js';

/** Transactions that PostgreSQL has committed in the platform's database so far: what its programs cost it. */
export async function countCommits(platform: Platform): Promise<number> {
  const client = new pg.Client({ connectionString: (await platform.run()).servers['postgres']!.url });
  await client.connect();
  try {
    const { rows } = await client.query<{ commits: string }>(
      `select sum(xact_commit)::text as commits from pg_stat_database where datname = current_database()`,
    );
    return Number(rows[0]?.commits ?? 0);
  } finally {
    await client.end();
  }
}
