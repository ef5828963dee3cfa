// Dense numbers of machines. A machine that is not known gets the next one, whoever asks first: replicas may ask for the
// same machine at once. Known ones are kept in memory, because a fleet's machines come again all the time.
import type { Store } from './store.js';

export interface NumberedMachine {
  app: string;
  machine: string;
}

export interface MachineNumbers {
  /** Of a machine that is in memory. */
  known: (app: string, machine: string) => number | undefined;
  /** Numbers for these machines, in one statement for all that are not in memory. */
  of: (machines: readonly NumberedMachine[]) => Promise<(app: string, machine: string) => number>;
  cached: () => number;
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
select application as app, machine, number from added
union all
select application, machine, number from asked join machine_number using (application, machine)`;

/** @param cachedMachinesMax so many are remembered for certain, and at most twice as many */
export function makeMachineNumbers(store: Store, cachedMachinesMax = cachedMachinesDefault): MachineNumbers {
  const cache = makeCache(cachedMachinesMax);

  async function ask(machines: NumberedMachine[], answers: NumberTable): Promise<void> {
    const { rows } = await store.pool.query<NumberedMachine & { number: number }>(numberMachines, [
      machines.map(({ app }) => app),
      machines.map(({ machine }) => machine),
    ]);
    for (const { app, machine, number } of rows) answers.put(app, machine, number);
  }

  async function askAll(missing: NumberedMachine[]): Promise<NumberTable> {
    const answers = makeNumberTable();
    for (let left = missing; left.length > 0;) {
      for (let start = 0; start < left.length; start += machinesPerStatement) {
        await ask(left.slice(start, start + machinesPerStatement), answers);
      }
      left = left.filter(({ app, machine }) => answers.get(app, machine) === undefined);
    }
    return answers;
  }

  return {
    known: (app, machine) => cache.lookup()(app, machine),
    async of(machines) {
      // Tables only grow: what is found in these now is there as long as the answer is used.
      const cached = cache.lookup();
      const missing = machines.filter(({ app, machine }) => cached(app, machine) === undefined);
      const answers = await askAll(missing);
      answers.each(cache.remember);
      return (app, machine) => {
        const number = cached(app, machine) ?? answers.get(app, machine);
        if (number === undefined) throw new Error(`no number was asked for machine ${machine} of application ${app}`);
        return number;
      };
    },
    cached: cache.size,
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
