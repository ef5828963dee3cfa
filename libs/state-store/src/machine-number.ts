// Dense numbers of machines. A machine that is not known gets the next one, whoever asks first: replicas may ask for the
// same machine at once. Known ones are kept in memory, because a fleet's machines come again all the time.
import type { Store } from './store.js';

export interface NumberedMachine {
  app: string;
  machine: string;
}

export interface MachineNumbers {
  /** Numbers for these machines, in one statement for all that are not in memory. */
  of: (machines: readonly NumberedMachine[]) => Promise<(app: string, machine: string) => number>;
  cached: () => number;
}

/** Some 130 bytes each. Machines come in turn, so a cache that is smaller than the fleet is no use: raise it with the fleet. */
export const cachedMachinesDefault = 2_000_000;
/** One statement's arrays: some 0.5 MB. */
const machinesPerStatement = 10_000;

/**
 * Only machines without a row are inserted, so that no identity values are wasted and the numbers stay dense. One that
 * another replica inserts at the same moment is in neither part of the answer; it is there when asked again.
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
  on conflict do nothing
  returning application, machine, number
)
select application as app, machine, number from added
union all
select application, machine, number from asked join machine_number using (application, machine)`;

export function makeMachineNumbers(store: Store, cachedMachinesMax = cachedMachinesDefault): MachineNumbers {
  // A Map keeps the order of insertion: what is used goes to the end, and the oldest leaves. While there is room for twice
  // as many nobody leaves soon, and the order is left alone.
  const known = new Map<string, number>();
  const isCrowded = () => known.size > cachedMachinesMax / 2;

  async function ask(machines: NumberedMachine[], found: Map<string, number>): Promise<void> {
    const { rows } = await store.pool.query<NumberedMachine & { number: number }>(numberMachines, [
      machines.map(({ app }) => app),
      machines.map(({ machine }) => machine),
    ]);
    for (const { app, machine, number } of rows) found.set(keyOf(app, machine), number);
  }

  async function askAll(machines: Map<string, NumberedMachine>, found: Map<string, number>): Promise<void> {
    let missing = [...machines.values()];
    while (missing.length > 0) {
      for (let start = 0; start < missing.length; start += machinesPerStatement) {
        await ask(missing.slice(start, start + machinesPerStatement), found);
      }
      missing = missing.filter(({ app, machine }) => !found.has(keyOf(app, machine)));
    }
  }

  function remember(found: Map<string, number>): void {
    for (const [key, number] of found) {
      known.delete(key);
      known.set(key, number);
    }
    for (const key of known.keys()) {
      if (known.size <= cachedMachinesMax) break;
      known.delete(key);
    }
  }

  return {
    async of(machines) {
      const found = new Map<string, number>();
      const unknown = new Map<string, NumberedMachine>();
      for (const { app, machine } of machines) {
        const key = keyOf(app, machine);
        if (found.has(key) || unknown.has(key)) continue;
        const number = known.get(key);
        if (number === undefined) unknown.set(key, { app, machine });
        else found.set(key, number);
      }
      const asked = new Map<string, number>();
      await askAll(unknown, asked);
      for (const [key, number] of asked) found.set(key, number);
      remember(isCrowded() ? found : asked);
      return (app, machine) => {
        const number = found.get(keyOf(app, machine));
        if (number === undefined) throw new Error(`no number was asked for machine ${machine} of application ${app}`);
        return number;
      };
    },
    cached: () => known.size,
  };
}

const keyOf = (app: string, machine: string) => `${app} ${machine}`;
