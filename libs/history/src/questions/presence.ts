// Who was there: distinct machines that checked in, per bucket or in a range, exact. A machine that changes its version
// in a bucket is in it under both, and once in the total. Whole days and hours come from bitmaps, with what is not folded
// yet added; anything finer from the facts themselves.
import type { History } from '../connection.js';
import { add, byName, type Counts, type Tally, toStatus } from './breakdown.js';
import { type Scope, scopeCondition } from './scope.js';

export interface PresencePoint {
  /** Start of the bucket. */
  at: number;
  /** Distinct machines. */
  total: number;
  counts: Counts;
}

export interface PresenceRange {
  from: number;
  to: number;
  /** A whole number of minutes; buckets lie on its multiples since the epoch. */
  bucketMs: number;
  /** What is counted apart: the version that machines reported, or the status that their facts brought. */
  by: 'version' | 'status';
}

const hourMs = 3_600_000;
const dayMs = 86_400_000;

const told = { version: 'version', status: 'status' } as const;
const bucketOf = (t: string) => `intDiv(toUnixTimestamp(${t}), {bucket:UInt32}) * {bucket:UInt32}`;

const fromBitmaps = (table: string, where: string, by: 'version' | 'status') => `
select bucket, value, grouping(value) as is_total, groupBitmapMerge(machines) as machines
from
(
    select ${bucketOf('t')} as bucket, toString(${told[by]}) as value, machines
    from ${table}
    where ${where} and ${by === 'status' ? `status != ''` : 'true'} and t >= toDateTime({from:UInt32}, 'UTC') and t < toDateTime({to:UInt32}, 'UTC')
    union all
    select ${bucketOf('at')} as bucket, toString(${told[by]}) as value, groupBitmapState(inst) as machines
    from fresh
    where ${where} and seq > (select min(seq) from watermark final where name = 'transitions')
      and kind in ('check-in', 'event') and at >= toDateTime({from:UInt32}, 'UTC') and at < toDateTime({to:UInt32}, 'UTC')
      and ${by === 'status' ? `status != ''` : 'true'}
    group by bucket, value
)
group by grouping sets ((bucket, value), (bucket))`;

const fromFacts = (where: string, by: 'version' | 'status') => `
select bucket, value, grouping(value) as is_total, groupBitmap(inst) as machines
from
(
    select ${bucketOf('at')} as bucket, toString(${told[by]}) as value, inst
    from fact
    where ${where} and kind in ('check-in', 'event') and ${by === 'status' ? `status != ''` : 'true'}
      and at >= toDateTime({from:UInt32}, 'UTC') and at < toDateTime({to:UInt32}, 'UTC')
)
group by grouping sets ((bucket, value), (bucket))`;

export async function presenceTimeline(
  history: History,
  { from, to, bucketMs, by, ...scope }: Scope & PresenceRange,
): Promise<PresencePoint[]> {
  const { where, params } = scopeCondition(scope);
  const first = Math.floor(from / bucketMs) * bucketMs;
  const end = Math.ceil(to / bucketMs) * bucketMs;
  const rows = await history.read<{ bucket: number; value: string; is_total: number; machines: number }>(
    statementFor(where, by, bucketMs, scope.oem),
    { ...params, from: first / 1000, to: end / 1000, bucket: bucketMs / 1000 },
  );
  const points = new Map<number, { at: number; total: number; counts: Tally }>();
  for (let at = first; at < end; at += bucketMs) points.set(at, { at, total: 0, counts: new Map() });
  for (const { bucket, value, is_total, machines } of rows) {
    const point = points.get(bucket * 1000);
    if (point === undefined) continue;
    if (is_total === 1) point.total = machines;
    else add(point.counts, by === 'status' ? toStatus(value) : value, machines);
  }
  return [...points.values()].map((point) => ({ ...point, counts: byName(point.counts) }));
}

/** Bitmaps do not know OEMs. */
function statementFor(where: string, by: 'version' | 'status', bucketMs: number, oem: string | undefined): string {
  if (oem !== undefined || bucketMs % hourMs !== 0) return fromFacts(where, by);
  return fromBitmaps(bucketMs % dayMs === 0 ? 'presence_day' : 'presence_hour', where, by);
}

const distinctIn = (where: string) => `
select groupBitmapMerge(machines) as machines
from
(
    select machines
    from presence_hour
    where ${where} and t >= toDateTime({hoursFrom:UInt32}, 'UTC') and t < toDateTime({hoursTo:UInt32}, 'UTC')
    union all
    select groupBitmapState(inst) as machines
    from fact
    where ${where} and kind in ('check-in', 'event')
      and (at >= fromUnixTimestamp64Milli({from:Int64}) and at < least(fromUnixTimestamp64Milli({to:Int64}), toDateTime64({hoursFrom:UInt32}, 3, 'UTC'))
           or at >= greatest(fromUnixTimestamp64Milli({from:Int64}), toDateTime64({hoursTo:UInt32}, 3, 'UTC')) and at < fromUnixTimestamp64Milli({to:Int64}))
    union all
    select groupBitmapState(inst) as machines
    from fresh
    where ${where} and seq > (select min(seq) from watermark final where name = 'transitions')
      and kind in ('check-in', 'event')
      and at >= fromUnixTimestamp64Milli({from:Int64}) and at < fromUnixTimestamp64Milli({to:Int64})
)`;

const distinctOfFacts = (where: string) => `
select groupBitmap(inst) as machines
from fact
where ${where} and kind in ('check-in', 'event')
  and at >= fromUnixTimestamp64Milli({from:Int64}) and at < fromUnixTimestamp64Milli({to:Int64})`;

/** How many machines were seen from `from` on and before `to`. */
export async function machinesSeen(
  history: History,
  { from, to, ...scope }: Scope & { from: number; to: number },
): Promise<number> {
  const { where, params } = scopeCondition(scope);
  const hoursFrom = Math.ceil(from / hourMs) * hourMs;
  const hoursTo = Math.max(Math.floor(to / hourMs) * hourMs, hoursFrom);
  const statement = scope.oem === undefined ? distinctIn(where) : distinctOfFacts(where);
  const [row] = await history.read<{ machines: number }>(statement, {
    ...params,
    from,
    to,
    hoursFrom: hoursFrom / 1000,
    hoursTo: hoursTo / 1000,
  });
  return row?.machines ?? 0;
}
