// What was deleted has no row. The command took the row with it; facts of before that came after it made it again, and a copy
// that is rebuilt from the log never had the command: so the log's own fact takes the row of before it away, again.
import type { Fact } from '@platte/facts';
import { keyOf } from './fold-instances.js';
import type { InstanceCache } from './instance-cache.js';
import type { Store } from './store.js';

const deleteInstances = `
delete from instance i
using unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[]) as d (application, machine, at, n)
where i.application = d.application and (d.machine = '' or i.machine = d.machine) and (i.seen_at, i.seen_n) < (d.at, d.n)
returning i.application, i.machine`;

/** Deletions whose machine was seen again since, as far as is remembered: what the row says of last seen may be a day old. */
export function seenSinceDeleted(cache: InstanceCache, facts: readonly Fact[]): Set<Fact> {
  return new Set(
    facts.filter((fact) => fact.kind === 'MachineDeleted' && (cache.get(keyOf(fact))?.seenAt ?? 0) > fact.at),
  );
}

/** @param back what `seenSinceDeleted` said before these facts were folded. @returns the keys of the rows that went */
export async function dropDeleted(
  store: Store,
  cache: InstanceCache,
  facts: readonly Fact[],
  back: ReadonlySet<Fact>,
): Promise<string[]> {
  const backNow = seenSinceDeleted(cache, facts);
  const deletions = facts.filter((fact) => isDeletion(fact) && !back.has(fact) && !backNow.has(fact));
  if (deletions.length === 0) return [];
  const { rows } = await store.pool.query<{ application: string; machine: string }>(deleteInstances, [
    deletions.map(({ app }) => app),
    deletions.map((fact) => (fact.kind === 'MachineDeleted' ? fact.machine : '')),
    deletions.map(({ at }) => at),
    deletions.map(({ n }) => n),
  ]);
  const keys = rows.map(({ application, machine }) => `${application} ${machine}`);
  for (const key of keys) cache.forget(key);
  return keys;
}

const isDeletion = ({ kind }: Fact): boolean => kind === 'MachineDeleted' || kind === 'ApplicationDeleted';
