// Compares the counters that decisions rest on with the rows that they count, and mends them.
//
// Both change in one transaction, so that one statement, which sees one moment, finds them equal without a lock. They differ
// after a mistake of ours, or when somebody wrote into the database. A count too high would refuse for ever, one too low
// would pass the limit; the rows are right, since each lease has its own deadline. What is found is read again under the
// group's lock, and mended there.
//
// A window's grants are the difference of two numbers: where the newest is too low it is raised to the log's. Any other difference
// is told and left: numbers are never given twice, and what the log lacks ends with the window.
import { type Client, withTransaction } from './transaction.js';
import { toLockGroups } from './read-ledger.js';
import type { Store } from './store.js';
import { isLockNotAvailable } from './stuck-groups.js';

/** Of `open-attempts`: those of one version that keep safe mode's next probe waiting. */
export type LedgerCounter = 'open-leases' | 'open-attempts' | 'newest-grant' | 'grants-in-window';

export interface Miscount {
  group: string;
  counter: LedgerCounter;
  /** Of `open-attempts`; '' else. */
  rollout: string;
  version: string;
  /** What the counter said, and what there is. */
  held: number;
  counted: number;
}

/** Null: of all groups. The clock is the one of decisions. */
const findMiscounts = `
  with open as (
    select update_group, rollout, to_version as version, count(*) filter (where stage = 'leased') as leased,
      count(*) filter (where stage in ('leased', 'installed')) as probing
    from attempt
    where stage <> 'ended' and ($1::uuid is null or update_group = $1)
    group by update_group, rollout, to_version
  ), found as (
    select c.update_group as "group", 'open-leases' as counter, '' as rollout, '' as version, c.open_leases::bigint as held,
      coalesce((select sum(o.leased) from open o where o.update_group = c.update_group), 0)::bigint as counted
    from grant_counter c
    union all
    select r.update_group, 'open-attempts', t.rollout::text, t.version, t.open,
      coalesce((select sum(o.probing) from open o where o.rollout = t.rollout and o.version = t.version), 0)::bigint
    from rollout_tally t join rollout r on r.id = t.rollout
    union all
    select c.update_group, 'newest-grant', '', '', c.seq, greatest(c.seq, coalesce(
      (select l.seq_to from grant_log l where l.update_group = c.update_group order by l.granted_at desc, l.seq_to desc limit 1), 0))
    from grant_counter c
    union all
    select c.update_group, 'grants-in-window', '', '', c.seq - min(l.seq_to - l.n), sum(l.n)::bigint
    from grant_counter c
    join update_group g on g.id = c.update_group
    join grant_log l on l.update_group = g.id
      and l.granted_at > floor(extract(epoch from clock_timestamp()) * 1000)::bigint + $2 - (g.policy #>> '{rateLimit,periodMs}')::bigint
    group by c.update_group, c.seq
  )
  select * from found where held <> counted and ($1::uuid is null or "group" = $1) order by "group", counter, version`;

const lockWaitMs = 1_000;

/** What was found under the locks. All but `grants-in-window` is mended when this resolves. */
export async function recountLedger(store: Store): Promise<Miscount[]> {
  const suspects = await store.pool.query<Miscount>(findMiscounts, [null, store.clockOffsetMs()]);
  const groups = new Set(suspects.rows.map(({ group }) => group));
  const found: Miscount[] = [];
  for (const group of groups) found.push(...(await mendUnlessLocked(store, group)));
  return found;
}

/** A group that somebody keeps locked is left for the next recount. */
async function mendUnlessLocked(store: Store, group: string): Promise<Miscount[]> {
  try {
    return await withTransaction(store.pool, (client) => mendLocked(client, store, group));
  } catch (error) {
    if (isLockNotAvailable(error)) return [];
    throw error;
  }
}

async function mendLocked(client: Client, store: Store, group: string): Promise<Miscount[]> {
  await client.query(`set local lock_timeout = ${lockWaitMs}`);
  await client.query(toLockGroups([group]));
  const { rows } = await client.query<Miscount>(findMiscounts, [group, store.clockOffsetMs()]);
  for (const miscount of rows) await mend(client, miscount);
  return rows;
}

async function mend(client: Client, { group, counter, rollout, version, counted }: Miscount): Promise<void> {
  switch (counter) {
    case 'open-leases':
      await client.query('update grant_counter set open_leases = $2 where update_group = $1', [group, counted]);
      return;
    case 'open-attempts':
      await client.query(mendTally, [rollout, version, counted]);
      return;
    case 'newest-grant':
      await client.query('update grant_counter set seq = $2 where update_group = $1', [group, counted]);
      return;
    case 'grants-in-window':
  }
}

const mendTally = 'update rollout_tally set open = $3 where rollout = $1 and version = $2';
