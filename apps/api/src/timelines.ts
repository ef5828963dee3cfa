// Questions about a group over time: what the caller asks for becomes a range and a bucket, and history answers.
import {
  spanToMs,
  timelinePointsMax,
  toInstant,
  type Breakdown,
  type OutputOf,
  type QueryOf,
} from '@platte/api-contract';
import { breakdown, breakdownAsOf, statusTimeline, versionTimeline, type TimelinePoint } from '@platte/history';
import { ApiProblem } from './http/problems.js';
import type { ApiParts } from './parts.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** What a bucket may be when nobody asks for one: the first that gives at most this many points. */
const bucketsMs = [minuteMs, 5 * minuteMs, 15 * minuteMs, hourMs, 3 * hourMs, 6 * hourMs, dayMs, 7 * dayMs];
const pointsWanted = 200;

type TimelineQuery = QueryOf<'getVersionTimeline'>;

export interface Range {
  from: number;
  /** Absent: now. */
  to: number | undefined;
  bucketMs: number;
}

type AskedGroup = { application: string; id: string };

export async function readVersionTimeline(
  parts: ApiParts,
  group: AskedGroup,
  query: TimelineQuery,
): Promise<OutputOf<'getVersionTimeline'>> {
  const now = parts.now();
  const range = toRange(query, now);
  const points = await versionTimeline(parts.history, { app: group.application, group: group.id, now, ...range });
  return toTimeline(points, range, now, (counts) => ({ versions: counts }));
}

export async function readStatusTimeline(
  parts: ApiParts,
  group: AskedGroup,
  query: TimelineQuery,
): Promise<OutputOf<'getStatusTimeline'>> {
  const now = parts.now();
  const range = toRange(query, now);
  const points = await statusTimeline(parts.history, { app: group.application, group: group.id, now, ...range });
  return toTimeline(points, range, now, (counts) => ({ statuses: counts }));
}

export async function readBreakdown(
  parts: ApiParts,
  group: AskedGroup,
  { at }: { at?: string | undefined },
): Promise<Breakdown> {
  const scope = { app: group.application, group: group.id };
  const counted = at
    ? await breakdownAsOf(parts.history, { ...scope, at: Date.parse(at) })
    : await breakdown(parts.history, { ...scope, now: parts.now() });
  return { ...counted, at: toInstant(counted.at) };
}

/** @throws ApiProblem when the range ends before it begins or has too many points */
export function toRange(query: TimelineQuery, now: number): Range {
  const to = query.to === undefined ? undefined : Date.parse(query.to);
  const end = Math.min(to ?? now, now);
  const from = query.from === undefined ? end - spanToMs(query.range ?? '1d') : Date.parse(query.from);
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
