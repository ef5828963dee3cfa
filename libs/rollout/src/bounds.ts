// The bounds of what people may enter. A time is decided by adding a duration to the clock: with these bounds every result is a
// date of four digits and an exact number, in JavaScript, PostgreSQL, ClickHouse and RFC 3339. Migration 0080 holds the same
// bounds for what is stored.
import { z } from 'zod';

/** Ten years, as for the settings of the programs. */
export const durationMsMax = 10 * 365 * 86_400_000;
/** Of machines, grants and failures: above any fleet, and below PostgreSQL's `integer`. */
export const countMax = 1_000_000_000;
/** 64 TiB: a payload with its 64 extra files still has an exact sum. */
export const sizeMax = 2 ** 46;

export const boundedMs = (min: number) =>
  z
    .number()
    .int()
    .min(min)
    .max(durationMsMax, { error: `is at most 10 years: ${durationMsMax} ms` });

export const boundedCount = z
  .number()
  .int()
  .positive()
  .max(countMax, { error: `is at most ${countMax}` });

export const boundedSize = z
  .number()
  .int()
  .positive()
  .max(sizeMax, { error: `is at most 64 TiB: ${sizeMax} bytes` });
