// The locks of a command: the rows of the groups that it changes, in id order, then its application's row, and last the
// catalog's revision. A decision takes the row of its group only.
//
// Nobody waits long while they hold what others need. A lock that cannot be had within `briefMs` ends the transaction, which
// gives back all others; then the command waits for that one lock alone, `longMs` at most, and takes the rest after it.
import { Busy, CommandBlocked } from './command-blocked.js';
import { findRowHolders, type LockedRow } from './lock-holders.js';
import { rowsOf } from './catalog-rows.js';
import type { Store } from './store.js';
import { isLockNotAvailable } from './stuck-groups.js';
import { type Client, withTransaction } from './transaction.js';

/** Longer than decisions and other commands hold what they lock. */
const briefMs = 100;
const longMs = 2_000;
/** Of rows besides these, which are written last: only who writes the same thing holds them. */
const writesMs = 1_000;

const lockGroups = `select id from update_group where id = any($1::uuid[]) order by id for no key update`;
const freeGroups = `${lockGroups} skip locked`;
const lockApplication = `select from application where id = $1 for no key update`;
const lockRevision = `select from catalog_revision for no key update`;

export interface CommandLocks {
  application: string | undefined;
  groups: readonly string[];
}

/** What the work of a command runs in. */
export interface LockedTransaction {
  client: Client;
  /** Takes the catalog's revision: the last lock. */
  last: <T>(take: () => Promise<T>) => Promise<T>;
}

/** More than a command meets: each try waits for another row. */
const triesMax = 20;

/**
 * Runs `work` in a transaction that holds the locks; all of it again, where it had to give way.
 *
 * @throws CommandBlocked
 */
export async function withCommandLocks<T>(
  store: Store,
  locks: CommandLocks,
  work: (transaction: LockedTransaction) => Promise<T>,
): Promise<T> {
  let first: LockedRow | null = null;
  const budget = { leftMs: longMs };
  for (let tries = 1; ; tries++) {
    const waitedFor: LockedRow | null = first;
    try {
      const run = () => runLocked(store, locks, { first: waitedFor, budget }, work);
      return await (waitedFor === null ? run() : store.turns.take(keyOf(waitedFor), run));
    } catch (error) {
      if (!(error instanceof Busy)) throw error;
      const row = await findBusy(store, error.row, locks);
      if (row === null || error.isLong || tries === triesMax) throw await toBlocked(store, row, error);
      first = row;
    }
  }
}

async function toBlocked(store: Store, row: LockedRow | null, cause: Error): Promise<CommandBlocked> {
  return new CommandBlocked(row, row === null ? [] : await findRowHolders(store.pool, row), { cause });
}

async function runLocked<T>(
  store: Store,
  { application, groups }: CommandLocks,
  { first, budget }: { first: LockedRow | null; budget: { leftMs: number } },
  work: (transaction: LockedTransaction) => Promise<T>,
): Promise<T> {
  // Not kept: it would be held while the others are waited for.
  if (first?.of === 'catalog-revision') await withTransaction(store.pool, (client) => lockFirst(client, first, budget));
  return withTransaction(store.pool, async (client) => {
    if (first !== null && first.of !== 'catalog-revision') await lockFirst(client, first, budget);
    await setWait(client, briefMs);
    if (groups.length > 0) await at(null, () => client.query(lockGroups, [groups]));
    if (application !== undefined) await lockRow(client, { of: 'application', id: application });
    return at('writes', () =>
      work({
        client,
        last: async (take) => {
          const taken = await at({ of: 'catalog-revision' }, take);
          await setWait(client, writesMs);
          return taken;
        },
      }),
    );
  });
}

/** All waits of a command together last as long as one may. */
async function lockFirst(client: Client, row: LockedRow, budget: { leftMs: number }): Promise<void> {
  const begun = performance.now();
  await setWait(client, Math.max(1, Math.round(budget.leftMs)));
  await lockRow(client, row, true);
  budget.leftMs -= performance.now() - begun;
}

async function lockRow(client: Client, row: LockedRow, isLong = false): Promise<void> {
  const lock = { group: lockGroups, application: lockApplication, 'catalog-revision': lockRevision }[row.of];
  const values: unknown[] = row.of === 'group' ? [[row.id]] : row.of === 'application' ? [row.id] : [];
  await at(row, () => client.query(lock, values), isLong);
}

async function setWait(client: Client, waitMs: number): Promise<void> {
  await client.query(`set local lock_timeout = ${waitMs}`);
}

/** @param what null: one of the groups; `writes`: any other row */
async function at<T>(what: LockedRow | 'writes' | null, run: () => Promise<T>, isLong = false): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!isLockNotAvailable(error)) throw error;
    if (what === 'writes') throw new CommandBlocked(null, [], { cause: error });
    throw new Busy(what, isLong, { cause: error });
  }
}

/** Which of the groups it was; null: it is free again. */
async function findBusy(store: Store, row: LockedRow | null, { groups }: CommandLocks): Promise<LockedRow | null> {
  if (row !== null) return row;
  const free = await rowsOfFree(store, groups);
  const id = groups.find((group) => !free.has(group)) ?? groups[0];
  return id === undefined ? null : { of: 'group', id };
}

async function rowsOfFree(store: Store, groups: readonly string[]): Promise<Set<string>> {
  const rows = await withTransaction(store.pool, (client) => rowsOf<{ id: string }>(client, freeGroups, [groups]));
  return new Set(rows.map(({ id }) => id));
}

const keyOf = (row: LockedRow): string => ('id' in row ? `${row.of} ${row.id}` : row.of);
