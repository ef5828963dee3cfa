// Numbers that machines have already in the history, whose rows they name. PostgreSQL is the authority for numbers, but one that was
// restored from an older dump does not know the newest: given again, two machines would share one history.
import type { Store } from './store.js';
import { type Client, withTransaction } from './transaction.js';

export interface NumberedMachine {
  app: string;
  machine: string;
}

export interface NumberedPair extends NumberedMachine {
  number: number;
}

export interface GivenNumbers {
  /** 0: none was given. */
  greatest: () => Promise<number>;
  /** All of them, by number, some 10,000 at a time: no number is in two pages. */
  pairs: () => AsyncIterable<NumberedPair[]>;
}

// Others that want a number wait meanwhile; readers do not.
const lockNumbers = `lock table machine_number in share row exclusive mode`;
const asGiven = `unnest($1::uuid[], $2::text[], $3::int[]) as g (application, machine, number)`;
const dropOthers = `
  delete from machine_number m using ${asGiven}
  where (m.number = g.number) <> ((m.application, m.machine) = (g.application, g.machine))`;
const insertPairs = `
  insert into machine_number (application, machine, number) overriding system value
  select application, machine, number from ${asGiven}
  on conflict do nothing`;
const goOnAbove = `
  select setval(s.name, greatest($1::bigint, (select coalesce(max(number), 0) from machine_number),
    (select coalesce(last_value, 0) from pg_sequences where format('%I.%I', schemaname, sequencename) = s.name)))
  from (select pg_get_serial_sequence('machine_number', 'number') as name) s`;

/** Takes back the pairs that the history has, then goes on above the greatest number. Repeated, it changes nothing. */
export async function takeBackNumbers(store: Store, given: GivenNumbers): Promise<void> {
  const greatest = await given.greatest();
  await withTransaction(store.pool, async (client) => {
    await client.query(lockNumbers);
    for await (const page of given.pairs()) await takeBackPage(client, page);
    if (greatest > 0) await client.query(goOnAbove, [greatest]);
  });
}

async function takeBackPage(client: Client, page: readonly NumberedPair[]): Promise<void> {
  // A number that was given twice before names the first of its machines; the others get new ones.
  const pairs = [...new Map(page.toReversed().map((pair) => [pair.number, pair])).values()];
  const values = [pairs.map(({ app }) => app), pairs.map(({ machine }) => machine), pairs.map(({ number }) => number)];
  await client.query(dropOthers, values);
  await client.query(insertPairs, values);
}
