// Facts of one transaction are much alike: a batch of grants differs in machine, time and number only. Packed, what all
// facts of a run say is written once, which makes 256 grants 25 KB instead of 150.
import type { Fact } from '@platte/facts';

/** Facts of one kind, one after the other. A kind with two optional keys would not do: those that we pack have none. */
interface Run {
  /** What all of them say. */
  common: object;
  /** What each says for itself: `columns` are in the order of `keys`, one value per fact. */
  keys: string[];
  columns: unknown[][];
  count: number;
}

export function packFacts(facts: readonly Fact[]): string {
  return JSON.stringify(toRuns(facts).map(toRun));
}

/** In their order, each equal to what was packed. */
export function unpackFacts(packed: string): Fact[] {
  const runs: Run[] = JSON.parse(packed);
  return runs.flatMap(toFacts);
}

function toRuns(facts: readonly Fact[]): Fact[][] {
  const runs: Fact[][] = [];
  let keys = 0;
  for (const fact of facts) {
    const run = runs.at(-1);
    const keysOfFact = Object.keys(fact).length;
    if (run?.[0]?.kind === fact.kind && keys === keysOfFact) run.push(fact);
    else runs.push([fact]);
    keys = keysOfFact;
  }
  return runs;
}

function toRun(facts: readonly Fact[]): Run {
  const rows: Record<string, unknown>[] = [...facts];
  const first = rows[0] ?? {};
  const isCommon = (key: string) => typeof first[key] !== 'object' && rows.every((row) => row[key] === first[key]);
  const keys = Object.keys(first).filter((key) => !isCommon(key));
  const common = Object.fromEntries(Object.entries(first).filter(([key]) => !keys.includes(key)));
  return { common, keys, columns: keys.map((key) => rows.map((row) => row[key])), count: facts.length };
}

function toFacts({ common, keys, columns, count }: Run): Fact[] {
  return Array.from({ length: count }, (_, index) => {
    const own = Object.fromEntries(keys.map((key, column) => [key, columns[column]?.[index]]));
    const sources: object[] = [common, own];
    const fact: Fact = Object.assign({}, ...sources);
    return fact;
  });
}
