// Dense numbers of machines. A machine that is not known gets the next one, whoever asks first: replicas may ask for the
// same machine at once. Known ones are kept in memory, because a fleet's machines come again all the time.
//
// No number is given twice, also not by a database that was restored from an older dump: a new number is above all that the
// history has, or the history's pairs are taken back first (given-numbers.ts). What this process remembers is dropped when
// another PostgreSQL answers than before.
import { type GivenNumbers, type NumberedMachine, takeBackNumbers } from './given-numbers.js';
import { readStoreIdentity } from './store-identity.js';
import type { Store } from './store.js';
import { type Client, withTransaction } from './transaction.js';

export interface MachineNumbers {
  /** Of a machine that is in memory. */
  known: (app: string, machine: string) => number | undefined;
  /** Numbers for these machines, in one statement for all that are not in memory. */
  of: (machines: readonly NumberedMachine[]) => Promise<(app: string, machine: string) => number>;
  cached: () => number;
  /**
   * To be called before numbers that were known are used: when another PostgreSQL answers than before, all are forgotten. Numbers that were known in another epoch must be looked up again.
   */
  confirm: () => Promise<void>;
  /** Counts how often everything was forgotten. */
  epoch: () => number;
}

/** Some 100 bytes each. Machines come in turn, so a cache that is smaller than the fleet is no use: raise it with the fleet. */
export const cachedMachinesDefault = 2_000_000;
/** One statement's arrays: some 0.5 MB. */
const machinesPerStatement = 10_000;

/**
 * Only machines without a row are inserted, so that no identity values are wasted and the numbers stay dense. One that
 * another replica inserts at the same moment is in neither part of the answer; it is there when asked again. All insert in one
 * order: two that insert the same machines the other way round would wait for each other.
 */
const numberMachines = `
with asked as (
  select distinct application, machine from unnest($1::uuid[], $2::text[]) as a (application, machine)
), added as (
  insert into machine_number (application, machine)
  select application, machine from asked
  where not exists (
    select from machine_number m where m.application = asked.application and m.machine = asked.machine
  )
  order by application, machine
  on conflict do nothing
  returning application, machine, number
)
select application as app, machine, number, true as "isNew" from added
union all
select application, machine, number, false from asked join machine_number using (application, machine)`;

interface NumberRow extends NumberedMachine {
  number: number;
  isNew: boolean;
}

/** A number was given that the history has already: PostgreSQL is older than the history. */
class NumberGivenTwice extends Error {}

export interface MachineNumbersOptions {
  /** So many are remembered for certain, and at most twice as many. */
  cachedMachinesMax?: number | undefined;
  /** What the history has; without it, PostgreSQL's word is taken. */
  given?: GivenNumbers | undefined;
  /** The history's pairs were taken back into PostgreSQL. */
  onTakenBack?: (() => void) | undefined;
}

export function makeMachineNumbers(store: Store, options: MachineNumbersOptions = {}): MachineNumbers {
  const { cachedMachinesMax = cachedMachinesDefault, given } = options;
  const giving = makeGiving(store, options);
  let cache = makeCache(cachedMachinesMax);
  let epoch = 0;
  let identity: string | undefined;

  async function askAll(missing: NumberedMachine[]): Promise<NumberTable> {
    const answers = makeNumberTable();
    if (identity === undefined && missing.length > 0) await confirm();
    for (let left = missing; left.length > 0;) {
      for (let start = 0; start < left.length; start += machinesPerStatement) {
        const rows = await giving.give(left.slice(start, start + machinesPerStatement));
        for (const { app, machine, number } of rows) answers.put(app, machine, number);
      }
      left = left.filter(({ app, machine }) => answers.get(app, machine) === undefined);
    }
    return answers;
  }

  async function confirm(): Promise<void> {
    if (!given) return;
    const found = await readStoreIdentity(store.pool);
    if (found === identity) return;
    // Another replica may have given numbers that this process knows nothing of.
    await giving.lookAgain();
    if (identity !== undefined) {
      cache = makeCache(cachedMachinesMax);
      epoch += 1;
    }
    identity = found;
  }

  return {
    known: (app, machine) => cache.lookup()(app, machine),
    async of(machines) {
      // Tables only grow: what is found in these now is there as long as the answer is used.
      const cached = cache.lookup();
      const missing = machines.filter(({ app, machine }) => cached(app, machine) === undefined);
      const answers = await askAll(missing);
      answers.each((app, machine, number) => cache.remember(app, machine, number));
      return (app, machine) => {
        const number = cached(app, machine) ?? answers.get(app, machine);
        if (number === undefined) throw new Error(`no number was asked for machine ${machine} of application ${app}`);
        return number;
      };
    },
    cached: () => cache.size(),
    confirm,
    epoch: () => epoch,
  };
}

/** Reads numbers, and gives those that are missing: each one above all that were given before. */
function makeGiving(store: Store, { given, onTakenBack = () => {} }: MachineNumbersOptions) {
  /** Of all numbers that this process knows of. */
  let greatest = 0;

  async function insert(client: Client, machines: readonly NumberedMachine[]): Promise<NumberRow[]> {
    const { rows } = await client.query<NumberRow>(numberMachines, [
      machines.map(({ app }) => app),
      machines.map(({ machine }) => machine),
    ]);
    if (given && rows.some(({ number, isNew }) => isNew && number <= greatest))
      throw new NumberGivenTwice(`PostgreSQL gave a number again that the history has: its greatest is ${greatest}`);
    return rows;
  }
  const inTransaction = (machines: readonly NumberedMachine[]) =>
    withTransaction(store.pool, (client) => insert(client, machines));

  async function insertOrTakeBack(machines: readonly NumberedMachine[]): Promise<NumberRow[]> {
    try {
      return await inTransaction(machines);
    } catch (error) {
      if (!given || !(error instanceof NumberGivenTwice)) throw error;
      await takeBackNumbers(store, given);
      greatest = await given.greatest();
      onTakenBack();
      return inTransaction(machines);
    }
  }

  return {
    async give(machines: readonly NumberedMachine[]): Promise<NumberRow[]> {
      const rows = await insertOrTakeBack(machines);
      for (const { number } of rows) if (number > greatest) greatest = number;
      return rows;
    },
    async lookAgain(): Promise<void> {
      if (given) greatest = await given.greatest();
    },
  };
}

interface NumberTable {
  get: (app: string, machine: string) => number | undefined;
  put: (app: string, machine: string, number: number) => void;
  each: (tell: (app: string, machine: string, number: number) => void) => void;
  size: () => number;
}

/** By application, then by id: joining the two into one key takes longer than both lookups. */
function makeNumberTable(): NumberTable {
  const apps = new Map<string, Map<string, number>>();
  let size = 0;
  return {
    get: (app, machine) => apps.get(app)?.get(machine),
    put(app, machine, number) {
      let machines = apps.get(app);
      if (machines === undefined) apps.set(app, (machines = new Map()));
      machines.set(machine, number);
      size += 1;
    },
    each(tell) {
      for (const [app, machines] of apps) for (const [machine, number] of machines) tell(app, machine, number);
    },
    size: () => size,
  };
}

/** Two tables: when the newer one is full it becomes the older one, which is forgotten. What is used moves to the newer. */
function makeCache(machinesMax: number) {
  let [newer, older] = [makeNumberTable(), makeNumberTable()];
  function remember(app: string, machine: string, number: number): void {
    if (newer.get(app, machine) !== undefined) return;
    if (newer.size() >= machinesMax) [newer, older] = [makeNumberTable(), newer];
    newer.put(app, machine, number);
  }
  return {
    remember,
    /** Of what is remembered now, whatever is forgotten later. */
    lookup() {
      const [first, second] = [newer, older];
      return (app: string, machine: string): number | undefined => {
        const number = first.get(app, machine);
        if (number !== undefined || second.size() === 0) return number;
        const old = second.get(app, machine);
        if (old !== undefined) remember(app, machine, old);
        return old;
      };
    },
    size: () => newer.size() + older.size(),
  };
}
