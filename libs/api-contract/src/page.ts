// Lists: `{ items, next }`. The cursor is opaque, and stays valid while things are added and removed behind it.
import { z } from 'zod';
import { Uuid } from '@platte/rollout';

export const pageLimitDefault = 50;
/** Above this an answer passes a megabyte for wide items, and a store's work for one request is no longer small. */
export const pageLimitMax = 500;

/** A number in a URL: digits only. `Number` alone also reads `0x10`, `1e2` and ` 5`, which nobody means. */
export function toDecimal<T extends z.ZodType>(number: T) {
  return z.preprocess<unknown, T, number | string | undefined>(
    (sent) => (typeof sent === 'string' && /^(0|[1-9]\d*)$/.test(sent) ? Number(sent) : sent),
    number,
  );
}

export const Cursor = z
  .string()
  .max(1024)
  .regex(/^[A-Za-z0-9_-]+$/, 'is the `next` of an answer')
  .describe('The `next` of the answer before.');

export const paging = {
  limit: toDecimal(z.number().int().min(1).max(pageLimitMax).default(pageLimitDefault)).describe('Items per answer.'),
  cursor: Cursor.optional(),
};

/** Times on the wire are RFC 3339 with milliseconds, in UTC; on the way in any offset is understood. */
export const Instant = z.iso.datetime({ offset: true }).describe('RFC 3339, for example 2026-11-23T09:00:00.000Z');

/** A moment that is asked for. What is still to come is answered as now: clocks differ. */
export const Moment = Instant.refine((text) => !(Date.parse(text) < 0), 'is not before 1970');

export const IdParams = z.strictObject({ id: Uuid.describe('Its id, as its list shows it.') });

export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    next: z.string().nullable().describe('Pass it as ?cursor= for the next page; null on the last.'),
  });
}

/** RFC 3339 has no later time. */
const lastMs = Date.parse('9999-12-31T23:59:59.999Z');

/** A time beyond is shown as the last one: an older version has recorded such deadlines, and they must not end the answer. */
export function toInstant(ms: number): string {
  return new Date(Math.min(ms, lastMs)).toISOString();
}
