// A database that was restored from a backup is older than the log: it forgot grants, and what people stopped. It is found out by
// the outbox, before the first grant, and until a person has applied what was forgotten there is one open row of `restore`.
//
//   learning  attempts and grants are read from the log
//   waiting   changes of people wait for a person
//   done
import { Learned, type LostChange, LostChanges } from '@platte/rollout';
import type { Pool } from 'pg';
import type { Store } from './store.js';
import { withTransaction } from './transaction.js';

export interface Restore {
  id: number;
  foundAt: number;
  /** What the database knew ends about here (ms); 0: nothing is known of it. */
  since: number;
  state: 'learning' | 'waiting' | 'done';
  learned: Learned;
  changes: LostChange[];
}

const knows = `
  select id >= $1 or exists (select from outbox where outbox.id = $1) as known from outbox_relayed`;

/** Whether the database has or had the row of the outbox that the log's last message came from. */
export async function knowsOutboxRow(db: Pick<Pool, 'query'>, id: number): Promise<boolean> {
  const { rows } = await db.query<{ known: boolean }>(knows, [id]);
  return rows[0]?.known === true;
}

const clock = `floor(extract(epoch from clock_timestamp()) * 1000)::bigint`;
const lockMark = `select id, at from outbox_relayed for update`;
const insertRestore = `
  insert into restore (found_at, since, known_id, log_id, state)
  values (${clock}, $1, $2, $3, 'learning')
  on conflict ((true)) where state <> 'done' do nothing`;
// Rows that are written from now on are named above what the log has.
const goOnAbove = `
  select setval(pg_get_serial_sequence('outbox', 'id'), greatest($1::bigint, nextval(pg_get_serial_sequence('outbox', 'id'))))`;
const raiseMark = `update outbox_relayed set id = greatest(id, $1::bigint), at = ${clock}`;

/** @returns whether the database is older than the log, whose last message came from row `id`: then a restore is open */
export async function openRestoreIfOlder(store: Store, id: number): Promise<boolean> {
  if (await knowsOutboxRow(store.pool, id)) return false;
  return withTransaction(store.pool, async (client) => {
    const { rows } = await client.query<{ id: number; at: number }>(lockMark);
    // Another replica was faster: its mark stands, and its row is open.
    if (await knowsOutboxRow(client, id)) return true;
    await client.query(insertRestore, [rows[0]?.at ?? 0, rows[0]?.id ?? 0, id]);
    await client.query(goOnAbove, [id]);
    await client.query(raiseMark, [id]);
    return true;
  });
}

const touch = `update outbox_relayed set at = ${clock} where at < ${clock} - $1::bigint`;

/** Notes that the database was in use now, unless that was noted less than `everyMs` ago. */
export async function touchMark(store: Store, everyMs: number): Promise<void> {
  await store.pool.query(touch, [everyMs]);
}

const columns = `id, found_at as "foundAt", since, state, learned, changes`;
const readOpen = `select ${columns} from restore where state <> 'done'`;

/** The open one; null: grants may go on. */
export async function readOpenRestore(db: Pick<Pool, 'query'>): Promise<Restore | null> {
  const { rows } = await db.query<Restore>(readOpen);
  const [row] = rows;
  if (row === undefined) return null;
  return { ...row, learned: Learned.parse(row.learned), changes: LostChanges.parse(row.changes) };
}

const readKnown = `select kind, subject, machine, at from catalog_change where at >= $1`;

/** Changes that the database knows, from `since` on. */
export async function readKnownChanges(
  db: Pick<Pool, 'query'>,
  since: number,
): Promise<{ kind: string; subject: string; machine: string; at: number }[]> {
  const { rows } = await db.query<{ kind: string; subject: string; machine: string; at: number }>(readKnown, [since]);
  return rows;
}

const writeLearned = `
  update restore set state = 'waiting', learned = $2, changes = $3 where id = $1 and state = 'learning'`;

/** A person may look at the changes now. */
export async function noteLearned(
  store: Store,
  id: number,
  learned: Learned,
  changes: readonly LostChange[],
): Promise<void> {
  await store.pool.query(writeLearned, [id, JSON.stringify(learned), JSON.stringify(changes)]);
}

/** Keeps what became of the changes so far. */
export async function noteOutcomes(store: Store, id: number, changes: readonly LostChange[]): Promise<void> {
  await store.pool.query(`update restore set changes = $2 where id = $1 and state = 'waiting'`, [
    id,
    JSON.stringify(changes),
  ]);
}

const finish = `
  update restore set state = 'done', done_at = ${clock}, done_by = $2 where id = $1 and state = 'waiting'`;

/** Grants go on. */
export async function finishRestore(store: Store, id: number, actor: string): Promise<void> {
  await store.pool.query(finish, [id, actor]);
}
