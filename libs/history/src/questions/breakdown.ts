// How many active machines there are, by version and by status: now from every machine's state, and at any moment since
// transitions are kept from the delta rollup up to the hour and the transitions within it.
import type { History, Params } from '../connection.js';
import { arrivedBefore, arrivedNow, isAsBefore, partsOfNow } from './current.js';
import { activeSince, activityWindowMs, type Scope, scopeCondition } from './scope.js';
import { canSum, readSum, sumNow, type SummedRow } from './summed.js';
import { changesFromTransitions } from './transition-changes.js';

/** Machines by name, as JSON has it: to be made from a tally, and read by its entries. */
export type Counts = Record<string, number>;
/** The same while it is counted. Machines choose the names, also `__proto__` and `constructor`, which a plain object has already. */
export type Tally = Map<string, number>;

export interface Breakdown {
  at: number;
  total: number;
  versions: Counts;
  statuses: Counts;
}

const byVersionAndStatus = (source: string, where: string) => `
select version, status, count() as machines
from ${source}
where ${where} and not deleted and seen_at >= fromUnixTimestamp64Milli({since:Int64})
group by version, status`;

const byStatus = (source: string, where: string) => `
select status, count() as machines
from ${source}
where ${where} and not deleted and seen_at >= fromUnixTimestamp64Milli({from:Int64})
  and seen_at < fromUnixTimestamp64Milli({to:Int64})
group by status`;

/** Everything that has arrived, whether or not it is folded yet. */
export async function breakdown(
  history: History,
  { now, windowMs = activityWindowMs, ...scope }: Scope & { now: number; windowMs?: number | undefined },
): Promise<Breakdown> {
  const asked = { now, windowMs, oem: scope.oem };
  const before = arrivedBefore(history);
  const [arrived, early] = await Promise.all([
    arrivedNow(history),
    // A turn less, as long as no rebuild ended since the question before.
    before && canSum(before, asked) ? readSum(history, scope) : undefined,
  ]);
  if (canSum(arrived, asked)) {
    const rows = await sumNow(
      history,
      arrived,
      { ...scope, now, windowMs },
      before?.run === arrived.run ? early : undefined,
    );
    if (await isAsBefore(history, arrived)) return addUp(rows, now);
  }
  return countNow(history, { ...scope, now, windowMs });
}

function addUp(rows: readonly SummedRow[], at: number): Breakdown {
  const answer = { at, total: 0, versions: new Map(), statuses: new Map() } satisfies Counting;
  for (const { dim, value, machines } of rows) {
    if (dim === 'version') answer.total += machines;
    if (dim === 'version') add(answer.versions, value, machines);
    else add(answer.statuses, toStatus(value), machines);
  }
  return inOrder(answer);
}

interface Counting {
  at: number;
  total: number;
  versions: Tally;
  statuses: Tally;
}

function inOrder(answer: Counting): Breakdown {
  return { ...answer, versions: byName(answer.versions), statuses: byName(answer.statuses) };
}

/** Without zeros, and the same bytes in whichever order the engine gave the rows: it differs from part to part. */
export const byName = (tally: Tally): Counts =>
  Object.fromEntries([...tally].filter(([, machines]) => machines !== 0).toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** Machine by machine. */
async function countNow(
  history: History,
  { now, windowMs, ...scope }: Scope & { now: number; windowMs: number },
): Promise<Breakdown> {
  const { where, params } = scopeCondition(scope);
  const rows = await askNow<{ version: string; status: string; machines: number }>(
    history,
    (source) => byVersionAndStatus(source, where),
    { ...params, since: activeSince(now, windowMs) },
  );
  const answer = { at: now, total: 0, versions: new Map(), statuses: new Map() } satisfies Counting;
  for (const { version, status, machines } of rows) {
    answer.total += machines;
    add(answer.versions, version, machines);
    add(answer.statuses, toStatus(status), machines);
  }
  return inOrder(answer);
}

/** Machines last seen from `from` on and before `to`, by their status of now: how far a group has come. */
export async function statusCounts(
  history: History,
  { from, to, ...scope }: Scope & { from: number; to: number },
): Promise<{ total: number; statuses: Counts }> {
  const { where, params } = scopeCondition(scope);
  const rows = await askNow<{ status: string; machines: number }>(history, (source) => byStatus(source, where), {
    ...params,
    from,
    to,
  });
  const statuses: Tally = new Map();
  for (const { status, machines } of rows) add(statuses, toStatus(status), machines);
  return { total: rows.reduce((sum, { machines }) => sum + machines, 0), statuses: byName(statuses) };
}

const asOf = (where: string) => `
select dim, value, sum(d) as machines
from
(
    select dim, value, d
    from delta final
    where ${where} and tier = 3600 and t < toDateTime({hour:UInt32}, 'UTC')
    union all
    select change.1 as dim, change.2 as value, change.3 as d
    from
    (
        select arrayJoin([
                   ('version', was_version, -toInt32(was_active), was_grp, was_channel, was_arch),
                   ('version', version, toInt32(active), grp, channel, arch),
                   ('status', was_status, -toInt32(was_active), was_grp, was_channel, was_arch),
                   ('status', status, toInt32(active), grp, channel, arch)]) as change
        from transition final
        where app = {app:String}
          and at >= toDateTime({hour:UInt32}, 'UTC') and at <= fromUnixTimestamp64Milli({at:Int64})
    )
    where change.3 != 0 and ({group:Nullable(String)} is null or change.4 = {group:Nullable(String)})
      and ({channel:Nullable(String)} is null or change.5 = {channel:Nullable(String)})
      and ({arch:Nullable(String)} is null or change.6 = {arch:Nullable(String)})
)
group by dim, value
having machines != 0`;

/** The fleet as it was at `at`, with every fact up to that millisecond. */
export async function breakdownAsOf(
  history: History,
  { at, windowMs = activityWindowMs, ...scope }: Scope & { at: number; windowMs?: number | undefined },
): Promise<Breakdown> {
  if (scope.oem !== undefined || windowMs !== activityWindowMs)
    return fromTransitions(history, { ...scope, at, windowMs });
  const { where, params } = scopeCondition(scope);
  const rows = await history.read<SummedRow>(asOf(where), {
    group: null,
    channel: null,
    arch: null,
    ...params,
    hour: Math.floor(at / 3_600_000) * 3600,
    at,
  });
  return addUp(rows, at);
}

async function fromTransitions(
  history: History,
  { at, windowMs, ...scope }: Scope & { at: number; windowMs: number },
): Promise<Breakdown> {
  const range = { ...scope, first: at + 1, end: at + 1, bucketMs: 60_000, windowMs };
  const [versions, statuses] = await Promise.all([
    changesFromTransitions(history, { ...range, by: 'version' }),
    changesFromTransitions(history, { ...range, by: 'status' }),
  ]);
  const answer = { at, total: 0, versions: new Map(), statuses: new Map() } satisfies Counting;
  for (const { value, change } of versions) {
    answer.total += change;
    add(answer.versions, value, change);
  }
  for (const { value, change } of statuses) add(answer.statuses, toStatus(value), change);
  return inOrder(answer);
}

export interface Difference {
  from: Breakdown;
  to: Breakdown;
  /** `to` less `from`; what did not change is left out. */
  versions: Counts;
  statuses: Counts;
}

export async function differenceOf(
  history: History,
  { from, to, ...counted }: Scope & { from: number; to: number; windowMs?: number | undefined },
): Promise<Difference> {
  const [before, after] = await Promise.all([
    breakdownAsOf(history, { ...counted, at: from }),
    breakdownAsOf(history, { ...counted, at: to }),
  ]);
  return {
    from: before,
    to: after,
    versions: subtract(after.versions, before.versions),
    statuses: subtract(after.statuses, before.statuses),
  };
}

const counted = ['deleted', 'seen_at', 'grp', 'channel', 'arch', 'oem', 'version', 'status'] as const;

/** Rows to add up, of both parts of the machines of now. */
async function askNow<Row>(history: History, statement: (source: string) => string, params: Params): Promise<Row[]> {
  const arrived = await arrivedNow(history);
  const asked = { ...params, mark: arrived.mark };
  const parts = partsOfNow(arrived, counted).map((source) => history.read<Row>(statement(source), asked));
  return (await Promise.all(parts)).flat();
}

/** A machine that no fact has given a status has the one that every machine begins with. */
export const toStatus = (status: string) => (status === '' ? 'unknown' : status);

export function add(tally: Tally, name: string, machines: number): void {
  tally.set(name, (tally.get(name) ?? 0) + machines);
}

function subtract(after: Counts, before: Counts): Counts {
  const changes: Tally = new Map(Object.entries(after));
  for (const [name, machines] of Object.entries(before)) add(changes, name, -machines);
  return byName(changes);
}
