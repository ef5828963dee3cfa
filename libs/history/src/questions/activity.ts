// What happened to no machine in particular: facts of rollouts, of the catalog and of the history itself, newest first, from
// the archive.
import { decodeFact, type Fact } from '@platte/facts';
import type { History } from '../connection.js';

export interface ActivityPage {
  items: Fact[];
  /** Pass as `before` for the page that follows; null on the last. */
  next: { at: number; n: number } | null;
}

const readActivity = (kinds: boolean) => `
select fact, toUnixTimestamp64Milli(at) as at_ms, n
from fact_archive
where app in {apps:Array(String)} and machine = '' and (toUnixTimestamp64Milli(at), n) < ({beforeAt:Int64}, {beforeN:UInt64})
  and ${kinds ? 'kind in {kinds:Array(String)}' : 'true'}
order by at desc, n desc
limit 1 by at, n, kind
limit {limit:UInt32}`;

export async function activity(
  history: History,
  asked: {
    apps: readonly string[];
    limit: number;
    before?: { at: number; n: number } | undefined;
    kinds?: readonly string[];
  },
): Promise<ActivityPage> {
  const { apps, limit, before = { at: Number.MAX_SAFE_INTEGER, n: 0 }, kinds } = asked;
  const rows = await history.read<{ fact: string; at_ms: number; n: number }>(readActivity(kinds !== undefined), {
    apps,
    beforeAt: before.at,
    beforeN: before.n,
    limit: limit + 1,
    kinds: kinds ?? [],
  });
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.flatMap(({ fact }) => decodeFact(fact) ?? []),
    next: rows.length > limit && last !== undefined ? { at: last.at_ms, n: last.n } : null,
  };
}
