// As-of timelines: at each point, every active machine counted once, at its last reported version (or status) in the
// group it was in. A point at `at` counts everything before that moment; the last one of a timeline that ends now is
// the breakdown of now, so that it has also what is not folded yet.
import type { History } from '../connection.js';
import { add, breakdown, byName, type Counts, type Tally, toStatus } from './breakdown.js';
import { arrivedNow, isAsBefore, isWhole } from './current.js';
import { activityWindowMs, floorMinute, type Scope, scopeCondition } from './scope.js';
import {
  changesFromTransitions,
  changesOfLongerWindow,
  type PointChange,
  type TransitionRange,
} from './transition-changes.js';

export type TimelineScope = Scope;

export interface TimelineRange {
  from: number;
  /** Absent: now. */
  to?: number | undefined;
  now: number;
  /** A whole number of minutes; points lie on its multiples since the epoch, and at the end. */
  bucketMs: number;
  /** A machine counts for so long after it was seen; a day unless given, and not less. */
  windowMs?: number | undefined;
}

export interface TimelinePoint {
  at: number;
  total: number;
  counts: Counts;
}

const hourMs = 3_600_000;

/** The same change summed per point; the first also takes all that was before. */
const changes = (where: string) => `
select if(t < toDateTime({first:UInt32}, 'UTC'), 0, intDiv(toUnixTimestamp(t) - toUnixTimestamp(toDateTime({first:UInt32}, 'UTC')), {bucket:UInt32}) + 1) as point,
       value, sum(d) as change
from delta final
where ${where} and dim = {dim:String}
  and (tier = 3600 and t < toDateTime({fineFrom:UInt32}, 'UTC') or tier = 60 and t >= toDateTime({fineFrom:UInt32}, 'UTC') and t < toDateTime({end:UInt32}, 'UTC'))
group by point, value
having change != 0`;

export function versionTimeline(history: History, asked: Scope & TimelineRange): Promise<TimelinePoint[]> {
  return asOfTimeline(history, 'version', asked);
}

export function statusTimeline(history: History, asked: Scope & TimelineRange): Promise<TimelinePoint[]> {
  return asOfTimeline(history, 'status', asked);
}

async function asOfTimeline(
  history: History,
  dim: 'version' | 'status',
  { from, to, now, bucketMs, windowMs = activityWindowMs, ...scope }: Scope & TimelineRange,
): Promise<TimelinePoint[]> {
  const endsNow = to === undefined || to >= now;
  const moments = toMoments(from, floorMinute(endsNow ? now : to), bucketMs);
  const [rows, last] = await Promise.all([
    readChanges(history, dim, { ...scope, moments, bucketMs, windowMs, now }),
    endsNow ? breakdown(history, { ...scope, now, windowMs }) : undefined,
  ]);
  const points = sumUp(rows, moments, dim);
  if (last === undefined) return points;
  const counts = dim === 'version' ? last.versions : last.statuses;
  if (points.at(-1)?.at === now) points.pop();
  return [...points, { at: now, total: last.total, counts }];
}

/** Multiples of the bucket from the last one at or before `from`, up to and including `end`, which ends a minute. */
function toMoments(from: number, end: number, bucketMs: number): number[] {
  const moments: number[] = [];
  for (let at = Math.floor(from / bucketMs) * bucketMs; at < end; at += bucketMs) moments.push(at);
  return [...moments, end];
}

/** Minutes are kept for 45 days in the rollup. */
const minutesKeptMs = 44 * 86_400_000;

type AskedChanges = Scope & { moments: number[]; bucketMs: number; windowMs: number; now: number };

async function readChanges(
  history: History,
  dim: 'version' | 'status',
  { moments, now, ...asked }: AskedChanges,
): Promise<PointChange[]> {
  const range = { ...asked, by: dim, first: moments[0] ?? 0, end: moments.at(-1) ?? 0 };
  const minutesFrom = minutesNeededFrom(range);
  const areMinutesKept = minutesFrom === range.end || minutesFrom >= now - minutesKeptMs;
  if (asked.oem !== undefined || !areMinutesKept) return changesFromTransitions(history, range);
  return asked.windowMs === activityWindowMs ? fromRollup(history, range) : fromBoth(history, range);
}

/** Hours serve as far as points lie on hours: up to the hour of the end, or else up to the hour of the first point. */
function minutesNeededFrom({ first, end, bucketMs }: TransitionRange): number {
  return Math.floor((bucketMs % hourMs === 0 ? end : first) / hourMs) * hourMs;
}

function fromRollup(history: History, range: Scope & TransitionRange): Promise<PointChange[]> {
  const { by, first, end, bucketMs } = range;
  const { where, params } = scopeCondition(range);
  return history.read(changes(where), {
    ...params,
    dim: by,
    first: first / 1000,
    bucket: bucketMs / 1000,
    fineFrom: minutesNeededFrom(range) / 1000,
    end: end / 1000,
  });
}

/**
 * The rollup has the window of a day, and transitions what a longer one adds: few of them, where all of a million machines
 * take 2.7 s. Both of one run, or else transitions alone.
 */
async function fromBoth(history: History, range: Scope & TransitionRange): Promise<PointChange[]> {
  const arrived = await arrivedNow(history);
  if (isWhole(arrived)) {
    const [ofDay, more] = await Promise.all([fromRollup(history, range), changesOfLongerWindow(history, range)]);
    if (await isAsBefore(history, arrived)) return [...ofDay, ...more];
  }
  return changesFromTransitions(history, range);
}

function sumUp(rows: PointChange[], moments: number[], dim: 'version' | 'status'): TimelinePoint[] {
  const byPoint = Map.groupBy(rows, ({ point }) => point);
  const running: Tally = new Map();
  return moments.map((at, point) => {
    for (const { value, change } of byPoint.get(point) ?? []) add(running, value, change);
    const counts: Tally = new Map();
    for (const [value, machines] of running) {
      if (machines !== 0) add(counts, dim === 'status' ? toStatus(value) : value, machines);
    }
    return { at, total: [...counts.values()].reduce((sum, machines) => sum + machines, 0), counts: byName(counts) };
  });
}
