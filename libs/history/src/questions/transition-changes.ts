// What the delta rollup does not know (OEMs, activity windows longer than a day, minutes of more than six weeks ago), from
// the transitions themselves: exact in the same way, but every transition of the application up to the end is read.
import type { History } from '../connection.js';
import { activityWindowMs, type Scope, scopeCondition } from './scope.js';

export interface PointChange {
  point: number;
  value: string;
  change: number;
}

const scopeColumns = { group: 'grp', channel: 'channel', arch: 'arch', oem: 'oem' } as const;
type Part = Omit<Scope, 'app'>;

const partsOf = (part: Part) =>
  (['group', 'channel', 'arch', 'oem'] as const).filter((name) => part[name] !== undefined);

/** Whether a side of a transition, before or after it, is counted: 1 or 0. */
function counts(side: 'was_' | '', part: Part): string {
  const conditions = partsOf(part).map((name) => `${side}${scopeColumns[name]} = {${name}:String}`);
  return `(${[`${side}active`, ...conditions].join(' and ')})`;
}

const pointOf = `if(ms < {first:Int64}, 0, intDiv(ms - {first:Int64}, {bucket:Int64}) + 1)`;

/**
 * Most transitions change nothing of what is counted (a status where versions are, or another OEM), and are left out before
 * a row is made of each side: over 10 million transitions 0.3 s on a busy machine, 1.8 s with a row of each side for all.
 */
const moved = (value: 'version' | 'status', part: Part) => `
select toUnixTimestamp64Milli(at) as ms, side.1 as value, side.2 as d
from
(
    select at, arrayJoin([(was_${value}, -toInt32(before)), (${value}, toInt32(after))]) as side
    from
    (
        select at, ${value}, was_${value}, ${counts('was_', part)} as before, ${counts('', part)} as after
        from transition final
        where app = {app:String} and at < fromUnixTimestamp64Milli({end:Int64})
          and (before != after or after and was_${value} != ${value})
    )
)
where d != 0`;

/**
 * A machine is inactive from its silence on, a day after its last sign of life. With a longer window it stays active for
 * the difference, or until it is back: these are the edges of such stretches, with the state that the machine had. Most
 * machines were never silent, and are left out before anything is put in order; a stretch that began a window before the
 * first point has ended there. Of a million machines 0.48 of 0.77 s are reading, the rest was ordering first check-ins.
 */
const longer = (value: 'version' | 'status', part: Part) => `
select edge.1 as ms, ${value} as value, edge.2 as d
from
(
    select ${['at', 'active', 'status', ...partsOf(part).map((name) => scopeColumns[name]), ...(value === 'status' ? [] : [value])].join(', ')},
           anyLastIf(if(cause = 'silence', toUnixTimestamp64Milli(at), 0), cause = 'silence' or status = 'unknown') over so_far as silent_ms,
           leadInFrame(toUnixTimestamp64Milli(at), 1, toInt64(9000000000000)) over ahead as next_ms
    from transition final
    where app = {app:String} and at < fromUnixTimestamp64Milli({end:Int64})
      and at >= fromUnixTimestamp64Milli({first:Int64} - {longer:Int64}) and (active = 0 or was_active = 0)
      and inst in (select inst from transition where app = {app:String} and active = 0)
    window so_far as (partition by inst order by at, cause, n rows between unbounded preceding and current row),
           ahead as (partition by inst order by at, cause, n rows between current row and unbounded following)
)
array join [(toUnixTimestamp64Milli(at), toInt32(1)), (least(next_ms, silent_ms + {longer:Int64}), toInt32(-1))] as edge
where active = 0 and silent_ms > 0 and least(next_ms, silent_ms + {longer:Int64}) > toUnixTimestamp64Milli(at)
  and ms < {end:Int64} and ${counts('', part).replace('active', 'true')}`;

const summed = (rows: string) => `
select ${pointOf} as point, value, sum(d) as change
from (${rows})
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
export async function changesFromTransitions(history: History, asked: Scope & TransitionRange): Promise<PointChange[]> {
  assertWindow(asked);
  const { by, windowMs } = asked;
  const rows = moved(by, asked) + (windowMs > activityWindowMs ? `\nunion all${longer(by, asked)}` : '');
  return history.read<PointChange>(summed(rows), toParams(asked));
}

/** What a window longer than a day adds to the changes of that of a day. @throws RangeError when it is shorter */
export async function changesOfLongerWindow(history: History, asked: Scope & TransitionRange): Promise<PointChange[]> {
  assertWindow(asked);
  if (asked.windowMs === activityWindowMs) return [];
  return history.read<PointChange>(summed(longer(asked.by, asked)), toParams(asked));
}

function assertWindow({ windowMs }: TransitionRange): void {
  if (windowMs < activityWindowMs) {
    throw new RangeError('an activity window is a day or longer: ask for presence to see who was there for less');
  }
}

const toParams = ({ first, end, bucketMs, windowMs, ...scope }: Scope & TransitionRange) => ({
  ...scopeCondition(scope).params,
  first,
  end,
  bucket: bucketMs,
  longer: windowMs - activityWindowMs,
});
