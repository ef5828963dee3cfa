// Which machines have which numbers, as the history's rows say.
import type { History } from './connection.js';

interface NumberedMachine {
  app: string;
  machine: string;
  number: number;
}

/** Each read of them goes through all rows. */
const numbersPerPage = 100_000;

// Folded, not folded yet, and what the machine reported of itself.
const readGreatest = `
select greatest((select max(inst) from machine), (select max(inst) from fresh), (select max(inst) from machine_name),
                (select max(inst) from machine_detail)) as number`;

const readPage = `
select distinct app, machine, inst as number
from (select app, machine, inst from machine_name union all select app, machine, inst from machine_detail)
where inst > {after:UInt32} and inst <= {upto:UInt32}
order by inst, app, machine`;

/** What is asked when numbers are given, so that none is given twice. */
export const numbersOf = (history: History) => ({
  greatest: () => readGreatestNumber(history),
  pairs: () => readNumbers(history),
});

/** 0: the history has no machine. */
async function readGreatestNumber(history: History): Promise<number> {
  const [row] = await history.read<{ number: number }>(readGreatest);
  return row?.number ?? 0;
}

/** Every machine that checked in, by its number. */
async function* readNumbers(history: History): AsyncGenerator<NumberedMachine[], void, undefined> {
  const greatest = await readGreatestNumber(history);
  for (let after = 0; after < greatest; after += numbersPerPage)
    yield await history.read<NumberedMachine>(readPage, { after, upto: after + numbersPerPage });
}
