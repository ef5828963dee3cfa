// What policy says of a group whose limit is spent, so that ingress refuses its machines itself for a moment.
//
// It may only refuse. All that can be told something else are machines with an open attempt (it is offered again) or a failure
// (which comes before budgets): the notice names them all, or is not made. It ends after a second: staleness of so much may
// refuse. Of a rate limit even that is certain: until `until` no machine of the group can be granted anything under this
// revision, since a grant counts for its whole period whatever becomes of it. A slot of a concurrency limit may free at any
// moment, which is announced on `freedSubject` and ends the notice at once. No group in safe mode has one: its probes come
// before budgets.
import { z } from 'zod';
import { type Answer, Time } from '@platte/facts';
import type { AskedMachine } from './asking.js';

/** Core NATS: the groups, as a JSON list, in which leases ended. A hint: who misses it refuses for a second at most. */
export const freedSubject = 'platte.budget.freed';
/** How old a notice may be. */
export const noticeMs = 1_000;
/** Machines that a notice names at most: 33 kB. With more of them machines are asked for one by one. */
export const exceptedMax = 1_000;

export const SpentNotice = z.object({
  group: z.string(),
  revision: z.number().int(),
  reason: z.enum(['rate-limited', 'concurrency-limited']),
  limit: z.number().int(),
  used: z.number().int(),
  /** Of a rate limit: its period, and when the window frees. */
  periodMs: z.number().int().optional(),
  until: Time.optional(),
  /** The machines that are to be asked for. */
  except: z.array(z.string()).max(exceptedMax),
  /** How long it is still good, counted from when the question that it comes with was asked. */
  forMs: z.number().nonnegative(),
});
export type SpentNotice = z.infer<typeof SpentNotice>;

/** Whether the notice speaks of this machine. Its group is the notice's. */
export function isRefusedBy(notice: SpentNotice, excepted: ReadonlySet<string>, asked: AskedMachine): boolean {
  if (asked.revision !== notice.revision || (notice.until !== undefined && asked.at >= notice.until)) return false;
  if (asked.forced || asked.onlyOpenLease || asked.events.length > 0) return false;
  return !excepted.has(asked.machine);
}

/** The same words as policy's own. */
export function toRefusal({ reason, limit, used, periodMs, until }: SpentNotice, target: string): Answer {
  const inputs = { target, limit, used, ...(periodMs !== undefined && { periodMs }) };
  return { reason, inputs, ...(until !== undefined && { until }) };
}
