// What the archive has of grants and of people's changes: asked by policy when its database forgot them, and the log no longer has
// them.
import type { History } from './connection.js';

const factsPerPage = 5_000;

// Facts of rollouts and of the catalog are of no machine, but for what people did to one.
const readPage = `
select toUnixTimestamp64Milli(f.at) as at, n, kind, fact
from fact_archive as f
where f.at >= fromUnixTimestamp64Milli({since:Int64}) and f.at < fromUnixTimestamp64Milli({before:Int64})
  and (toUnixTimestamp64Milli(f.at), n, kind) > ({at:Int64}, {n:UInt64}, {kind:String})
  and kind not in ('EventReported', 'SyncerCheckedIn', 'HistoryDiffered')
  and (kind != 'MachineCheckedIn' or position(fact, '"reason":"granted"') > 0)
order by f.at, n, kind
limit 1 by f.at, n, kind
limit ${factsPerPage}`;

/** Each as JSON, in the order of time. */
export async function* readArchivedGrants(
  history: History,
  span: { since: number; before: number },
): AsyncGenerator<string[], void, undefined> {
  let last = { at: -1, n: 0, kind: '' };
  for (;;) {
    const page = await history.read<typeof last & { fact: string }>(readPage, { ...last, ...span });
    const end = page.at(-1);
    if (end === undefined) return;
    yield page.map(({ fact }) => fact);
    last = { at: end.at, n: end.n, kind: end.kind };
  }
}
