// The outbox: facts that follow from a transaction are written in it, and relayed to the log after it has committed.
//
// What is true if a process dies: before the commit, nothing happened; after it, the row is there and some replica
// relays it; between append and delete it is relayed again, and consumers drop it by the facts' identity. Rows of one
// group are written under its lock, so their ids are in the order of its transactions, and one relay at a time keeps it.
import type { Fact } from '@platte/facts';
import type { PoolClient } from 'pg';
import { packFacts, unpackFacts } from './packed-facts.js';
import { sendInOrder, type Statement } from './statement.js';
import type { Store } from './store.js';

/** Facts per row: a relayed message stays far below the log's 512 KiB. */
const factsPerRowMax = 256;
const rowsPerRelayMax = 64;
/** Session lock: whoever holds it relays. A dead connection gives it back. */
const relayLock = 7_306_002;

const insertFacts = `insert into outbox (facts) values ($1)`;
const readFacts = `select id, facts from outbox order by id limit ${rowsPerRelayMax}`;
// A dump has either the rows or the mark of them: the log's last message tells by it whether a database is older.
const deleteFacts = `
  with relayed as (delete from outbox where id = any($1::bigint[]))
  update outbox_relayed set id = greatest(id, $2::bigint), at = floor(extract(epoch from clock_timestamp()) * 1000)::bigint`;

export function toOutbox(facts: readonly Fact[]): Statement[] {
  return toRows(facts).map((row) => ({ name: 'put-into-outbox', text: insertFacts, values: [row] }));
}

/** In the caller's transaction. */
export async function putIntoOutbox(client: Pick<PoolClient, 'query'>, facts: readonly Fact[]): Promise<void> {
  await sendInOrder(client, toOutbox(facts));
}

/** Resolves when the log has the facts for good. With the same id they are stored once. `row`: the id in the outbox. */
export type AppendFacts = (facts: Fact[], id: string, row: number) => Promise<void>;

/**
 * Relays what is in the outbox, in order, until it is empty. Returns how many facts it relayed: 0 also while another
 * replica relays.
 */
export async function relayOutbox(store: Store, append: AppendFacts): Promise<number> {
  const client = await store.pool.connect();
  let broken: Error | undefined;
  try {
    const { rows } = await client.query<{ locked: boolean }>(`select pg_try_advisory_lock($1) as locked`, [relayLock]);
    const relayed = rows[0]?.locked === true ? await relayAll(client, append) : 0;
    if (rows[0]?.locked === true) await client.query(`select pg_advisory_unlock($1)`, [relayLock]);
    return relayed;
  } catch (error) {
    broken = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    // A connection that may still hold the lock is not given back to the pool.
    client.release(broken);
  }
}

async function relayAll(client: PoolClient, append: AppendFacts): Promise<number> {
  let relayed = 0;
  for (;;) {
    const { rows } = await client.query<{ id: number; facts: string }>(readFacts);
    for (const row of rows) {
      const facts = unpackFacts(row.facts);
      await append(facts, idOf(facts), row.id);
      relayed += facts.length;
    }
    const ids = rows.map((row) => row.id);
    if (ids.length > 0) await client.query(deleteFacts, [ids, ids.at(-1)]);
    if (rows.length < rowsPerRelayMax) return relayed;
  }
}

/** The facts' own identity, not the row's: a database that was restored gives row numbers again. */
function idOf([first]: readonly Fact[]): string {
  return `outbox-${first?.at ?? 0}-${first?.n ?? 0}`;
}

function toRows(facts: readonly Fact[]): string[] {
  const rows: string[] = [];
  for (let from = 0; from < facts.length; from += factsPerRowMax)
    rows.push(packFacts(facts.slice(from, from + factsPerRowMax)));
  return rows;
}
