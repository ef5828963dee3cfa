// Facts whose group somebody else keeps locked: kept in PostgreSQL, so that the log goes on, and folded once the lock can
// be had. Each row is of one group. A row goes after the commit of its fold: dying in between folds it again, which
// changes nothing.
import type { Fact } from '@platte/facts';
import type { Store } from './store.js';

/** Facts per row, and rows that are folded at once. */
const factsPerRowMax = 256;
const rowsMax = 64;

const insertFacts = `insert into deferred_fact (update_group, facts) values ($1, $2)`;
const findGroups = `select distinct update_group as "group" from deferred_fact`;
const readNewest = `select coalesce(max(id), 0) as newest from deferred_fact where update_group = $1`;
const readFacts = `select id, facts from deferred_fact where update_group = $1 and id <= $2 order by id limit ${rowsMax}`;
const deleteFacts = `delete from deferred_fact where id = any($1::bigint[])`;

/** Without any lock of the group. */
export async function deferFacts(store: Store, group: string, facts: readonly Fact[]): Promise<void> {
  for (let from = 0; from < facts.length; from += factsPerRowMax)
    await store.pool.query(insertFacts, [group, JSON.stringify(facts.slice(from, from + factsPerRowMax))]);
}

/** Groups that have such facts. */
export async function findDeferred(store: Store): Promise<string[]> {
  return (await store.pool.query<{ group: string }>(findGroups)).rows.map(({ group }) => group);
}

/**
 * Gives the group's facts to `fold`, some rows at a time, until none is left or `fold` throws. Facts that `fold` puts aside again
 * are left for the next time.
 */
export async function takeDeferred(store: Store, group: string, fold: (facts: Fact[]) => Promise<void>): Promise<void> {
  const newest = (await store.pool.query<{ newest: number }>(readNewest, [group])).rows[0]?.newest ?? 0;
  for (;;) {
    const { rows } = await store.pool.query<{ id: number; facts: string }>(readFacts, [group, newest]);
    await fold(rows.flatMap((row) => JSON.parse(row.facts) as Fact[]));
    await store.pool.query(deleteFacts, [rows.map(({ id }) => id)]);
    if (rows.length < rowsMax) return;
  }
}
