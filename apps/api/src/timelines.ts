// Questions about a group over time: what the caller asks for becomes a range and a bucket, and history answers.
import {
  spanToMs,
  timelinePointsMax,
  toInstant,
  type Breakdown,
  type Difference,
  type OutputOf,
  type QueryOf,
} from '@platte/api-contract';
import {
  activityWindowMs,
  breakdown,
  breakdownAsOf,
  differenceOf,
  presenceTimeline,
  statusTimeline,
  versionTimeline,
  type TimelinePoint,
  type TimelineScope,
} from '@platte/history';
import { ApiProblem } from './http/problems.js';
import type { ApiParts } from './parts.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** What a bucket may be when nobody asks for one: the first that gives at most this many points. */
const bucketsMs = [minuteMs, 5 * minuteMs, 15 * minuteMs, hourMs, 3 * hourMs, 6 * hourMs, dayMs, 7 * dayMs];
const pointsWanted = 200;

type TimelineQuery = Pick<QueryOf<'getVersionTimeline'>, 'range' | 'from' | 'to' | 'bucket'>;
type PresenceQuery = TimelineQuery & Pick<QueryOf<'getPresenceTimeline'>, 'by'>;

export interface Range {
  from: number;
  /** Absent: now. */
  to: number | undefined;
  bucketMs: number;
}

/** What is counted: a group, or an application, or a part of it; and for how long after it was seen a machine is. */
export type Counted = TimelineScope & { windowMs?: number | undefined };

export async function readVersionTimeline(
  parts: ApiParts,
  counted: Counted,
  query: TimelineQuery,
): Promise<OutputOf<'getVersionTimeline'>> {
  const now = parts.now();
  const range = toRange(query, now);
  const points = await versionTimeline(parts.history, { ...counted, now, ...range });
  return toTimeline(points, range, now, (counts) => ({ versions: counts }));
}

export async function readStatusTimeline(
  parts: ApiParts,
  counted: Counted,
  query: TimelineQuery,
): Promise<OutputOf<'getStatusTimeline'>> {
  const now = parts.now();
  const range = toRange(query, now);
  const points = await statusTimeline(parts.history, { ...counted, now, ...range });
  return toTimeline(points, range, now, (counts) => ({ statuses: counts }));
}

/** Distinct machines per bucket; the one that is under way goes up to now. */
export async function readPresenceTimeline(
  parts: ApiParts,
  counted: Counted,
  query: PresenceQuery,
): Promise<OutputOf<'getPresenceTimeline'>> {
  const now = parts.now();
  const range = toRange(query, now);
  const { from, bucketMs } = range;
  const to = Math.min(range.to ?? now, now);
  const points = await presenceTimeline(parts.history, { ...counted, from, to, bucketMs, by: query.by ?? 'version' });
  return toTimeline(points, range, now, (counts) => ({ counts }));
}

export async function readBreakdown(parts: ApiParts, counted: Counted, at: string | undefined): Promise<Breakdown> {
  const now = parts.now();
  const moment = at === undefined ? now : Date.parse(at);
  const found =
    moment < now
      ? await breakdownAsOf(parts.history, { ...counted, at: moment })
      : await breakdown(parts.history, { ...counted, now });
  return toBreakdown(found);
}

export async function readDifference(
  parts: ApiParts,
  counted: Counted,
  between: { from: string; to?: string | undefined },
): Promise<Difference> {
  const now = parts.now();
  const [from, end] = [
    Date.parse(between.from),
    Math.min(now, between.to === undefined ? now : Date.parse(between.to)),
  ];
  if (from >= end) throw invalid('?from', 'is not before the other moment, which is now at the latest');
  const { versions, statuses, ...moments } = await differenceOf(parts.history, { ...counted, from, to: end });
  return { from: toBreakdown(moments.from), to: toBreakdown(moments.to), versions, statuses };
}

function toBreakdown(found: Omit<Breakdown, 'at'> & { at: number }): Breakdown {
  return { ...found, at: toInstant(found.at) };
}

/** @throws ApiProblem when it is shorter than a day: what is shorter is not kept of moments that have passed */
export function toWindow(window: string | undefined): number | undefined {
  if (window === undefined) return undefined;
  const windowMs = spanToMs(window);
  if (windowMs < activityWindowMs)
    throw invalid('?window', 'is shorter than a day: ask for presence to see who was there for less');
  return windowMs;
}

/** @throws ApiProblem when the range ends before it begins or has too many points */
export function toRange(query: TimelineQuery, now: number): Range {
  const to = query.to === undefined ? undefined : Date.parse(query.to);
  const end = Math.min(to ?? now, now);
  const from = query.from === undefined ? Math.max(0, end - spanToMs(query.range ?? '1d')) : Date.parse(query.from);
  if (query.from !== undefined && query.range !== undefined)
    throw invalid('?range', 'is given together with `from`: give one of them');
  if (from >= end)
    throw invalid(
      query.from === undefined ? '?to' : '?from',
      'is not before the end of the range, which is now at the latest',
    );
  const bucketMs = query.bucket === undefined ? chooseBucket(end - from) : spanToMs(query.bucket);
  if ((end - from) / bucketMs > timelinePointsMax)
    throw invalid('?bucket', `would make more than ${timelinePointsMax} points of this range: take a larger one`);
  return { from, to, bucketMs };
}

function chooseBucket(lengthMs: number): number {
  return (
    bucketsMs.find((bucketMs) => lengthMs / bucketMs <= pointsWanted) ??
    Math.ceil(lengthMs / pointsWanted / dayMs) * dayMs
  );
}

function invalid(pointer: string, detail: string): ApiProblem {
  return new ApiProblem('invalid-request', { detail: `${pointer}: ${detail}`, errors: [{ pointer, detail }] });
}

function toTimeline<Counts>(
  points: TimelinePoint[],
  { from, to, bucketMs }: Range,
  now: number,
  toCounts: (counts: Record<string, number>) => Counts,
) {
  return {
    from: toInstant(from),
    to: toInstant(Math.min(to ?? now, now)),
    bucketSeconds: bucketMs / 1000,
    items: points.map(({ at, total, counts }) => ({ at: toInstant(at), total, ...toCounts(counts) })),
    next: null,
  };
}
