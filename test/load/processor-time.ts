// Processor time of a process and of all that it started, from Linux's own account. Elsewhere it is not known: NaN.
import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second for whoever reads /proc, whatever the kernel's own tick. */
const usPerTick = 10_000;

interface Account {
  parent: number;
  /** Its own, and that of its children that have ended. */
  ticks: number;
}

/** In microseconds, by the process's id. A child that ended is counted in its parent. */
export function readProcessorTimes(roots: readonly number[]): Map<number, number> {
  const accounts = readAccounts();
  return new Map(roots.map((root) => [root, ticksOf(root, accounts) * usPerTick]));
}

function ticksOf(root: number, accounts: ReadonlyMap<number, Account>): number {
  const own = accounts.get(root)?.ticks ?? Number.NaN;
  let sum = own;
  for (const [pid, { parent }] of accounts) if (parent === root) sum += ticksOf(pid, accounts);
  return sum;
}

function readAccounts(): Map<number, Account> {
  const accounts = new Map<number, Account>();
  if (process.platform !== 'linux') return accounts;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const account = readAccount(name);
    if (account !== undefined) accounts.set(Number(name), account);
  }
  return accounts;
}

/** undefined: it ended meanwhile. */
function readAccount(pid: string): Account | undefined {
  try {
    // proc(5): the name may hold spaces and brackets; what follows the last bracket is numbers, from the state on.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)!.split(' ');
    const number = (index: number): number => Number(fields[index]);
    return { parent: number(1), ticks: number(11) + number(12) + number(13) + number(14) };
  } catch {
    return undefined;
  }
}
