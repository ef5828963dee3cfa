// What the ledger can forget: grants that no window reaches any more, and failures that nobody will ask about. Attempts
// stay: one row per machine.
import type { Store } from './store.js';

const dayMs = 86_400_000;
/** Longer than any rate limit's period, so that a period can be lengthened up to it and still counts all its grants. */
const grantsKeptMs = 32 * dayMs;
/** Failures of versions that nobody rolls out any more. A rollback is kept: it holds its machine until a person forgives it. */
const failuresKeptMs = 180 * dayMs;
/** Rows per statement: they hold no lock that a decision waits for, but the disk is shared. */
const prunedMax = 10_000;

const pruneGrants = `
  delete from grant_log
  where ctid in (
    select l.ctid
    from grant_log l join update_group g on g.id = l.update_group
    where l.granted_at < $1 - greatest($2, coalesce((g.policy #>> '{rateLimit,periodMs}')::bigint, 0))
    limit ${prunedMax}
  )`;

const pruneFailures = `
  delete from machine_failure
  where ctid in (
    select ctid from machine_failure
    where rolled_back_at is null and greatest(coalesce(failed_at, 0), forgiven_at) < $1
    limit ${prunedMax}
  )`;

/** How many rows went. More may be left: a caller prunes again later. */
export async function pruneLedger(store: Store, now: number): Promise<number> {
  const grants = await store.pool.query(pruneGrants, [now, grantsKeptMs]);
  const failures = await store.pool.query(pruneFailures, [now - failuresKeptMs]);
  return (grants.rowCount ?? 0) + (failures.rowCount ?? 0);
}
