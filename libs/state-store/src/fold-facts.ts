// Folds a batch of facts from the log into PostgreSQL: attempts and their leases first, then what `instance` rows say.
// All of it is idempotent, so a batch that was folded in part is simply folded again. Tests have attempts and no rows:
// `instance` is what the history is compared with, and that leaves them out.
import { type Fact, isCounted } from '@platte/facts';
import { dropDeleted, seenSinceDeleted } from './drop-deleted.js';
import { type FoldContext, type FoldedAttempts, foldAttempts, type Said } from './fold-attempts.js';
import { keyOf, readUnknown, saidOfAttempts, toNews, writeInstances } from './fold-instances.js';
import type { InstanceCache } from './instance-cache.js';
import type { Store } from './store.js';

export interface FoldFactsContext extends FoldContext {
  instances: InstanceCache;
}

export interface FoldedFacts extends FoldedAttempts {
  /** Keys of the instance rows that were written: other replicas must forget what they remember of them. */
  written: string[];
}

export async function foldFacts(store: Store, context: FoldFactsContext, facts: readonly Fact[]): Promise<FoldedFacts> {
  const { instances } = context;
  const back = seenSinceDeleted(instances, facts);
  for (const fact of facts) if (fact.kind === 'MachineDeleted') instances.forget(keyOf(fact));
  const news = toNews(facts.filter(isCounted));
  await readUnknown(store, instances, news);
  const hadRow = new Set(news.map(({ key }) => key).filter((key) => instances.get(key) !== undefined));
  const folded = await foldAttempts(store, context, [...saidOfAttempts(instances, news), ...facts.filter(isOfTest)]);
  const written = await writeInstances(store, instances, news, hadRow);
  written.push(...(await dropDeleted(store, instances, facts, back)));
  return { ...folded, written };
}

/** Few: nothing is remembered of them, so that each is looked up. */
function isOfTest(fact: Fact): fact is Said {
  return (fact.kind === 'MachineCheckedIn' || fact.kind === 'EventReported') && !isCounted(fact);
}
