// The notice that a group's limit is spent, with the machines that it does not speak of: read at one moment, under the
// revision that it names.
import { concurrencyLimitOf, exceptedMax, type IndexedGroup, noticeMs, type SpentNotice } from '@platte/rollout';
import type { SpentBudget } from './refuse-spent.js';
import type { Store } from './store.js';

const readExcepted = `
  select g.revision, c.open_leases as "openLeases",
    (select array_agg(a.machine) from (
      select machine from attempt where update_group = g.id and stage <> 'ended' limit ${exceptedMax + 1}) a) as open,
    (select array_agg(f.machine) from (
      select machine from machine_failure where application = $2 limit ${exceptedMax + 1}) f) as failed
  from update_group g join grant_counter c on c.update_group = g.id
  where g.id = $1 and not exists (select from group_stop s where s.update_group = g.id)`;

interface Excepted {
  revision: number;
  openLeases: number;
  open: string[] | null;
  failed: string[] | null;
}

/** null: the machines of this group must be asked for. */
export async function readSpentNotice(
  store: Store,
  { group, application }: IndexedGroup,
  spent: SpentBudget,
): Promise<SpentNotice | null> {
  if (group.policy.safeMode) return null;
  const values = [group.id, application.id];
  const { rows } = await store.hot.query<Excepted>({ name: 'read-excepted', text: readExcepted, values });
  const [found] = rows;
  if (found?.revision !== spent.revision || group.revision !== spent.revision) return null;
  const refusal = refusalOf(group.policy, spent, found.openLeases);
  const except = [...new Set([...(found.open ?? []), ...(found.failed ?? [])])];
  if (refusal === null || except.length > exceptedMax) return null;
  return { group: group.id, revision: spent.revision, ...refusal, except, forMs: noticeMs };
}

type Refusal = Pick<SpentNotice, 'reason' | 'limit' | 'used' | 'periodMs' | 'until'>;

/** The rate is asked before concurrency, as for decisions. */
function refusalOf(policy: IndexedGroup['group']['policy'], spent: SpentBudget, openLeases: number): Refusal | null {
  const { rateLimit } = policy;
  const { used } = spent.ledger;
  if (rateLimit !== null && used >= rateLimit.max) {
    const { max: limit, periodMs } = rateLimit;
    // With a limit that was lowered since nobody knows when the window frees.
    return used === limit ? { reason: 'rate-limited', limit, used, periodMs, until: spent.until } : null;
  }
  const limit = concurrencyLimitOf(policy);
  return limit === null || openLeases < limit ? null : { reason: 'concurrency-limited', limit, used: openLeases };
}
