// What policy says of a group whose rate limit is spent, so that ingress refuses its machines itself for a moment.
//
// It may only refuse, and what it says is certain: until `until` no machine of the group can be granted anything under this
// revision, since a grant counts for its whole period whatever becomes of it. So only those can be told something else that
// have an open attempt (it is offered again) or a failure (which comes before budgets): the notice names them all, or is not
// made. That ends by itself after a second: what people change meanwhile (a failure forgiven) is as late as a snapshot may be.
// Refused by a notice: no group in safe mode, whose probes come before budgets, and none whose concurrency limit is spent,
// since slots free at any moment.
import { z } from 'zod';
import { type Answer, Time } from '@platte/facts';
import type { AskedMachine } from './asking.js';

/** How old a notice may be. */
export const noticeMs = 1_000;
/** Machines that a notice names at most: 33 kB. With more of them machines are asked for one by one. */
export const exceptedMax = 1_000;

export const SpentNotice = z.object({
  group: z.string(),
  revision: z.number().int(),
  limit: z.number().int(),
  used: z.number().int(),
  periodMs: z.number().int(),
  /** When the window frees. */
  until: Time,
  /** The machines that are to be asked for. */
  except: z.array(z.string()).max(exceptedMax),
  /** How long it is still good, counted from when the question that it comes with was asked. */
  forMs: z.number().nonnegative(),
});
export type SpentNotice = z.infer<typeof SpentNotice>;

/** Whether the notice speaks of this machine. Its group is the notice's. */
export function isRefusedBy(notice: SpentNotice, excepted: ReadonlySet<string>, asked: AskedMachine): boolean {
  if (asked.revision !== notice.revision || asked.at >= notice.until) return false;
  if (asked.forced || asked.onlyOpenLease || asked.events.length > 0) return false;
  return !excepted.has(asked.machine);
}

/** The same words as policy's own. */
export function toRefusal({ limit, used, periodMs, until }: SpentNotice, target: string): Answer {
  return { reason: 'rate-limited', inputs: { target, limit, used, periodMs }, until };
}
