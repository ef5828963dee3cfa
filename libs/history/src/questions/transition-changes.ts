// What the delta rollup does not know (OEMs, activity windows longer than a day, minutes of more than six weeks ago), from
// the transitions themselves: exact in the same way, but every transition of the application up to the end is read.
import type { History } from '../connection.js';
import { activityWindowMs, type Scope } from './scope.js';

export interface PointChange {
  point: number;
  value: string;
  change: number;
}

/**
 * A machine is inactive from its silence on, a day after its last sign of life. With a longer window it stays active for
 * the difference, or until it is back: `longer` are these stretches, each with the state that the machine had.
 */
const changes = (value: 'version' | 'status') => `
with
    moved as
    (
        select inst, at, cause, n, active, was_active, grp, channel, arch, oem, version, status,
               was_grp, was_channel, was_arch, was_oem, was_version, was_status
        from transition final
        where app = {app:String} and at < fromUnixTimestamp64Milli({end:Int64})
    ),
    inactive as
    (
        select *,
               anyLastIf(if(cause = 'silence', toUnixTimestamp64Milli(at), 0), cause = 'silence' or status = 'unknown') over so_far as silent_ms,
               leadInFrame(toUnixTimestamp64Milli(at), 1, toInt64(9000000000000)) over ahead as next_ms
        from moved
        where (active = 0 or was_active = 0) and {longer:Int64} > 0
        window so_far as (partition by inst order by at, cause, n rows between unbounded preceding and current row),
               ahead as (partition by inst order by at, cause, n rows between current row and unbounded following)
    ),
    longer as
    (
        select *, toUnixTimestamp64Milli(at) as from_ms, least(next_ms, silent_ms + {longer:Int64}) as to_ms
        from inactive
        where active = 0 and silent_ms > 0 and to_ms > from_ms
    )
select if(ms < {first:Int64}, 0, intDiv(ms - {first:Int64}, {bucket:Int64}) + 1) as point, value, sum(d) as change
from
(
    select toUnixTimestamp64Milli(at) as ms,
           arrayJoin([(was_grp, was_channel, was_arch, was_oem, was_${value}, -toInt32(was_active)),
                      (grp, channel, arch, oem, ${value}, toInt32(active))]) as side,
           side.5 as value, side.6 as d
    from moved
    union all
    select edge.1 as ms, (grp, channel, arch, oem, ${value}, edge.2) as side, side.5 as value, side.6 as d
    from longer
    array join [(from_ms, toInt32(1)), (to_ms, toInt32(-1))] as edge
)
where d != 0 and ms < {end:Int64}
  and ({group:Nullable(String)} is null or side.1 = {group:Nullable(String)})
  and ({channel:Nullable(String)} is null or side.2 = {channel:Nullable(String)})
  and ({arch:Nullable(String)} is null or side.3 = {arch:Nullable(String)})
  and ({oem:Nullable(String)} is null or side.4 = {oem:Nullable(String)})
group by point, value
having change != 0`;

export interface TransitionRange {
  by: 'version' | 'status';
  first: number;
  /** Exclusive. */
  end: number;
  bucketMs: number;
  windowMs: number;
}

/** @throws RangeError when the window is shorter than a day: gaps below that are kept only in the facts */
export async function changesFromTransitions(
  history: History,
  { by, first, end, bucketMs, windowMs, ...scope }: Scope & TransitionRange,
): Promise<PointChange[]> {
  if (windowMs < activityWindowMs) {
    throw new RangeError('an activity window is a day or longer: ask for presence to see who was there for less');
  }
  const { app, group = null, channel = null, arch = null, oem = null } = scope;
  return history.read<PointChange>(changes(by), {
    app,
    group,
    channel,
    arch,
    oem,
    first,
    end,
    bucket: bucketMs,
    longer: windowMs - activityWindowMs,
  });
}
