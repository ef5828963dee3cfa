// The notice that a group's rate limit is spent, with the machines that it does not speak of: read at one moment, under the
// revision that it names.
import { exceptedMax, type IndexedGroup, noticeMs, type SpentNotice } from '@platte/rollout';
import type { SpentBudget } from './refuse-spent.js';
import type { Store } from './store.js';

const readExcepted = `
  select g.revision,
    (select array_agg(a.machine) from (
      select machine from attempt where update_group = g.id and stage <> 'ended' limit ${exceptedMax + 1}) a) as open,
    (select array_agg(f.machine) from (
      select machine from machine_failure where application = $2 limit ${exceptedMax + 1}) f) as failed
  from update_group g where g.id = $1`;

interface Excepted {
  revision: number;
  open: string[] | null;
  failed: string[] | null;
}

/** null: the machines of this group must be asked for. */
export async function readSpentNotice(
  store: Store,
  { group, application }: IndexedGroup,
  spent: SpentBudget,
): Promise<SpentNotice | null> {
  const { rateLimit, safeMode } = group.policy;
  const { used } = spent.ledger;
  // With a limit that was lowered since nobody knows when the window frees.
  if (rateLimit === null || safeMode || used !== rateLimit.max) return null;
  const values = [group.id, application.id];
  const { rows } = await store.hot.query<Excepted>({ name: 'read-excepted', text: readExcepted, values });
  const [found] = rows;
  if (found?.revision !== spent.revision || group.revision !== spent.revision) return null;
  const except = [...new Set([...(found.open ?? []), ...(found.failed ?? [])])];
  if (except.length > exceptedMax) return null;
  const { max: limit, periodMs } = rateLimit;
  return {
    group: group.id,
    revision: spent.revision,
    limit,
    used,
    periodMs,
    until: spent.until,
    except,
    forMs: noticeMs,
  };
}
