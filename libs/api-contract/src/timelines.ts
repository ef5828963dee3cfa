// How many machines were where, over time. Every total is exact; the last point is the fleet as it is now.
import { z } from 'zod';
import { Instant, Moment } from './page.js';

/** A length of time: `30m`, `6h`, `7d`, `4w`. */
export const Span = z.string().regex(/^[1-9][0-9]{0,4}[mhdw]$/, 'is a number and m, h, d or w, for example 30d');

const spanUnitsMs: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

export function spanToMs(span: string): number {
  return Number(span.slice(0, -1)) * (spanUnitsMs[span.slice(-1)] ?? Number.NaN);
}

/** The range is `from`..`to`, or the `range` that ends at `to`; `to` is now unless it is given. */
export const rangeQuery = {
  range: Span.optional().describe('How far back from `to`: 1h, 1d, 7d, 30d or any other. Default 1d.'),
  from: Moment.optional().describe('In the place of `range`.'),
  to: Moment.optional().describe('Default: now.'),
};

/** More points than this nobody sees, and one answer stays under a megabyte. */
export const timelinePointsMax = 2000;

export const timelineQuery = {
  ...rangeQuery,
  bucket: Span.optional().describe(
    `From 1m up; chosen by the range unless given. At most ${timelinePointsMax} points.`,
  ),
};

const Counts = z.record(z.string(), z.number().int().nonnegative());

function timelineOf<Shape extends z.ZodRawShape>(counts: Shape) {
  return z.object({
    from: Instant,
    to: Instant,
    bucketSeconds: z.number().int().positive(),
    items: z.array(
      z.object({ at: Instant.describe('The moment that is counted.'), total: z.number().int(), ...counts }),
    ),
    next: z.null().describe('A timeline is one page.'),
  });
}

export const VersionTimeline = timelineOf({ versions: Counts }).meta({ id: 'VersionTimeline' });
export type VersionTimeline = z.infer<typeof VersionTimeline>;

export const StatusTimeline = timelineOf({ statuses: Counts }).meta({ id: 'StatusTimeline' });
export type StatusTimeline = z.infer<typeof StatusTimeline>;

/** Who was there: a machine that changed within a bucket is under each value that it had, and once in the total. */
export const PresenceTimeline = timelineOf({
  counts: Counts.describe('By version or status; a machine that changed within the bucket is in several.'),
}).meta({ id: 'PresenceTimeline' });
export type PresenceTimeline = z.infer<typeof PresenceTimeline>;

export const presenceQuery = {
  ...timelineQuery,
  by: z
    .enum(['version', 'status'])
    .optional()
    .describe(
      'What is counted apart: the version that machines reported, or the status that their reports brought. Default: version.',
    ),
};

export const Breakdown = z
  .object({
    at: Instant,
    total: z.number().int(),
    versions: Counts,
    statuses: Counts,
  })
  .meta({ id: 'Breakdown' });
export type Breakdown = z.infer<typeof Breakdown>;

const Changes = z.record(z.string(), z.number().int());

export const Difference = z
  .object({
    from: Breakdown,
    to: Breakdown,
    versions: Changes.describe('`to` less `from`; what did not change is left out.'),
    statuses: Changes,
  })
  .meta({ id: 'Difference' });
export type Difference = z.infer<typeof Difference>;
