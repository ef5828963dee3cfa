// Folds a batch of facts so that a machine whose rows cannot be read or written holds up nobody: the batch is folded as a whole,
// and only if that fails machine by machine, as far as needed. What fails alone is given back to be parked.
import type { Fact } from '@platte/facts';
import { type FoldedFacts, type Part, workApart } from '@platte/state-store';
import { type BadMachines, keyOfMachine, type MachineKey } from './bad-machines.js';
import { isNobodysFault } from './nobodys-fault.js';

export interface FoldedApart extends FoldedFacts {
  failed: FailedFacts[];
}

export interface FailedFacts {
  machine: MachineKey;
  facts: Fact[];
  error: unknown;
}

/** A few bad machines among ten thousand are found with so many transactions. */
const runsMax = 400;

/** @throws what folding throws, when PostgreSQL is away or no machine's facts can be folded: then nobody is to blame */
export async function foldApart(
  fold: (facts: readonly Fact[]) => Promise<FoldedFacts>,
  bad: BadMachines,
  facts: readonly Fact[],
): Promise<FoldedApart> {
  const isSuspect = (fact: Fact): boolean => bad.size > 0 && bad.has(keyOfMachine(machineOf(fact)));
  const suspects = facts.filter((fact) => isSuspect(fact));
  const parts = await foldOthers(fold, suspects.length === 0 ? facts : facts.filter((fact) => !isSuspect(fact)));
  if (suspects.length > 0) parts.push(...(await foldByMachine(fold, suspects)));
  for (const { items, result } of parts)
    if (result !== undefined && bad.size > 0) for (const one of items) bad.forget(machineOf(one[0]!));
  return merge(parts, bad);
}

type MachinePart = Part<Fact[], FoldedFacts>;

async function foldOthers(
  fold: (facts: readonly Fact[]) => Promise<FoldedFacts>,
  facts: readonly Fact[],
): Promise<MachinePart[]> {
  if (facts.length === 0) return [];
  try {
    return [{ items: [], result: await fold(facts) }];
  } catch (error) {
    if (isNobodysFault(error)) throw error;
    const parts = await foldByMachine(fold, facts);
    if (parts.every(({ result }) => result === undefined)) throw error;
    return parts;
  }
}

async function foldByMachine(
  fold: (facts: readonly Fact[]) => Promise<FoldedFacts>,
  facts: readonly Fact[],
): Promise<MachinePart[]> {
  const byMachine = [...Map.groupBy(facts, (fact) => keyOfMachine(machineOf(fact))).values()];
  const parts = await workApart(byMachine, (some) => fold(some.flat()), { isOutage: isNobodysFault, runsMax });
  const unsettled = parts.find(({ items, result }) => result === undefined && items.length > 1);
  if (unsettled !== undefined) throw unsettled.error;
  return parts;
}

function merge(parts: readonly MachinePart[], bad: BadMachines): FoldedApart {
  const merged: FoldedApart = { written: [], freed: [], halted: [], locked: [], failed: [] };
  for (const { items, result, error } of parts) {
    merged.written.push(...(result?.written ?? []));
    merged.freed.push(...(result?.freed ?? []));
    merged.halted.push(...(result?.halted ?? []));
    merged.locked.push(...(result?.locked ?? []));
    if (result !== undefined) continue;
    const facts = items.flat();
    const machine = machineOf(facts[0]!);
    bad.note(machine, error);
    merged.failed.push({ machine, facts, error });
  }
  return merged;
}

function machineOf({ app, machine }: Fact): MachineKey {
  return { application: app, machine };
}
