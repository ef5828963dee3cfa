// PostgreSQL's time for programs without a connection to it: they request it from policy and compare their machine's clock.
import { z } from 'zod';
import { Time } from '@platte/facts';

/** The NATS subject (queue group `policy`). The request is empty. */
export const storeClockSubject = 'platte.policy.clock';

/** Without `now` policy does not know it yet. */
const StoreClock = z.object({ now: Time.optional() });

export function renderStoreClock(now: number | undefined): string {
  return JSON.stringify(now === undefined ? {} : { now: Math.round(now) });
}

/** Milliseconds since the epoch; undefined when policy does not know it. @throws Error when it is no such reply */
export function parseStoreClock(text: string): number | undefined {
  return StoreClock.parse(JSON.parse(text)).now;
}
