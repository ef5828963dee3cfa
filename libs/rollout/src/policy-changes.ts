// What of a group's policy a person may set, and within which bounds. Reading has none (catalog.ts): what an older version has
// stored or published must stay readable.
import { z } from 'zod';
import { boundedCount, boundedMs } from './bounds.js';
import { Policy, WeeklyWindow } from './catalog.js';

const RateLimit = z.strictObject({ max: boundedCount, periodMs: boundedMs(1000) });

/** A field of another kind is a contradiction, and refused: dropped in silence it would leave the group without its windows. */
const Hours = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('always') }),
  z.strictObject({ kind: z.literal('office') }),
  z.strictObject({ kind: z.literal('windows'), windows: z.array(z.strictObject(WeeklyWindow.shape)).min(1).max(50) }),
]);

export const settablePolicy = {
  ...Policy.shape,
  rateLimit: RateLimit.nullable(),
  concurrencyLimit: boundedCount.nullable(),
  updateTimeoutMs: boundedMs(60_000),
  hours: Hours,
  backoffMs: boundedMs(0),
  backoffMaxMs: boundedMs(0),
  quarantineAfter: boundedCount,
};

export const PolicyChanges = z.strictObject(settablePolicy).partial();
export type PolicyChanges = z.infer<typeof PolicyChanges>;
