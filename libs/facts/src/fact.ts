// Every fact there is, and how a batch of them is written: one message of the log holds many, of many machines and kinds.
import { z } from 'zod';
import { CatalogFact } from './catalog-facts.js';
import { HistoryDiffered } from './history-facts.js';
import { MachineFact } from './machine-facts.js';
import { RolloutFact } from './rollout-facts.js';

export const Fact = z.discriminatedUnion('kind', [...MachineFact.options, RolloutFact, CatalogFact, HistoryDiffered]);
export type Fact = z.infer<typeof Fact>;
export type FactKind = Fact['kind'];

/** Whether statistics count it: what a test said, and what policy decided of a test's attempt, they leave out. */
export function isCounted(fact: Fact): boolean {
  return !('testSource' in fact) || fact.testSource === undefined || fact.testSource === '';
}

/** A fact of a kind or version that this program does not know: passed through whole, never dropped. */
export interface UnknownFact {
  kind: string;
  v: number;
  app: string;
  machine: string;
  at: number;
  n: number;
}
