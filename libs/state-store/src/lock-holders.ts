// Who holds a lock that somebody waits for, in words for people. Row locks are in no view of PostgreSQL: the row itself
// names the transaction that locked it, and `pg_locks` names its connection.
import type { LockHolder } from '@platte/rollout';
import type pg from 'pg';
import { decisionLock } from './read-ledger.js';

type Db = Pick<pg.Pool, 'query'>;

/** Rows that transactions lock: what is waited for. */
export type LockedRow = { of: 'group' | 'application'; id: string } | { of: 'catalog-revision' };

const activity = `
  select distinct l.pid, coalesce(a.application_name, '') as application, coalesce(a.usename, '') as "user", coalesce(a.state, '') as state,
    coalesce(extract(epoch from clock_timestamp() - a.xact_start) * 1000, 0)::bigint as "openMs"`;
const holderOf = (table: string, condition: string): string => `${activity}
  from ${table} r
  join pg_locks l on l.locktype = 'transactionid' and l.granted and l.transactionid = r.xmax
  left join pg_stat_activity a on a.pid = l.pid
  where ${condition} and l.pid <> pg_backend_pid()`;

const ofRow = {
  group: holderOf('update_group', 'r.id = $1'),
  application: holderOf('application', 'r.id = $1'),
  'catalog-revision': holderOf('catalog_revision', 'r.only_row'),
};

/** None where the lock is free by now, or shared by several transactions. */
export async function findRowHolders(db: Db, row: LockedRow): Promise<LockHolder[]> {
  return (await db.query<LockHolder>(ofRow[row.of], 'id' in row ? [row.id] : [])).rows;
}

const deciders = `${activity}
  from pg_locks l left join pg_stat_activity a on a.pid = l.pid
  where l.locktype = 'advisory' and l.granted and l.objsubid = 2
    and l.database = (select oid from pg_database where datname = current_database())
    and l.classid = ${decisionLock} and l.objid::bigint = hashtext($1::text)::bigint & 4294967295
    and l.pid <> pg_backend_pid()`;

/** Whoever decides in the group now. */
export async function findDeciders(db: Db, group: string): Promise<LockHolder[]> {
  return (await db.query<LockHolder>(deciders, [group])).rows;
}

/** `connection 4711 of PostgreSQL (psql, user ada, idle in transaction for 12 s)`. */
export function describeHolders(holders: readonly LockHolder[]): string {
  if (holders.length === 0) return 'a transaction that PostgreSQL does not name';
  return holders
    .map(({ pid, application, user, state, openMs }) => {
      const words = [application, user && `user ${user}`, `${state || 'open'} for ${Math.round(openMs / 1000)} s`];
      return `connection ${pid} of PostgreSQL (${words.filter((word) => word !== '').join(', ')})`;
    })
    .join(' and ');
}
