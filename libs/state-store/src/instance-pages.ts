// All instances of the platform, page by page, for whoever compares them with another store.
import type { Store } from './store.js';

export interface InstancePage {
  application: string;
  instances: { machine: string; version: string; group: string | null; status: string; newestAt: number }[];
  /** Where the next page begins; null on the last. */
  next: { application: string; machine: string } | null;
}

/** A primary key walk: what one page costs does not grow with the fleet. */
const readPage = `
  select application, machine, version, update_group as "group", status, greatest(seen_at, status_at) as "newestAt"
  from instance
  where (application, machine) > ($1::uuid, $2::text)
  order by application, machine
  limit $3`;

const beforeAll = { application: '00000000-0000-0000-0000-000000000000', machine: '' };

/** One application's instances at most: a page ends where the next application begins. */
export async function readInstancePage(
  store: Store,
  { after = beforeAll, limit }: { after?: { application: string; machine: string } | undefined; limit: number },
): Promise<InstancePage | null> {
  const { rows } = await store.pool.query<InstancePage['instances'][number] & { application: string }>(readPage, [
    after.application,
    after.machine,
    limit,
  ]);
  const application = rows[0]?.application;
  if (application === undefined) return null;
  const own = rows.filter((row) => row.application === application);
  const last = own.at(-1);
  const isLast = rows.length < limit && own.length === rows.length;
  return {
    application,
    instances: own.map(({ machine, version, group, status, newestAt }) => ({
      machine,
      version,
      group,
      status,
      newestAt,
    })),
    next: isLast || last === undefined ? null : { application, machine: last.machine },
  };
}
