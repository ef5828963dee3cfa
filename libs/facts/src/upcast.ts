// Facts are never rewritten in the log: what an older program wrote is lifted to today's shape when it is read.

/** What every fact has, whatever its kind and version. */
export type VersionedFact = {
  kind: string;
  v: number;
  app: string;
  machine: string;
  at: number;
  n: number;
};

export type Upcaster = (fact: VersionedFact & Record<string, unknown>) => VersionedFact;

/** By kind: the entry at index v lifts version v to v + 1. Identity (application, machine, at, kind, n) never changes. */
export type Upcasters = Readonly<Record<string, Readonly<Record<number, Upcaster>>>>;

/** No kind has had a second version yet. */
const upcasters: Upcasters = {};

/** @throws Error when a step is missing: the fact is of a version that never was, or its upcaster was forgotten. */
export function upcast(fact: VersionedFact, version: number, table: Upcasters = upcasters): VersionedFact {
  let lifted = fact;
  while (lifted.v < version) {
    const step = table[lifted.kind]?.[lifted.v];
    if (step === undefined) throw new Error(`no upcaster for ${lifted.kind} of version ${lifted.v}`);
    lifted = { ...step(lifted), v: lifted.v + 1 };
  }
  return lifted;
}
