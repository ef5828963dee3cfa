// How often somebody may ask: a fixed window of a minute per token, person or (not signed in) address, in this process.
// It keeps one script from taking the API from everybody else; it is no defence of the network, and no exact budget.
import type { FastifyReply } from 'fastify';
import type { Throttle } from './access-guard.js';
import { ApiProblem } from './problems.js';

const windowMs = 60_000;
/** Addresses that ask without signing in are foreign: their number is bounded, and beyond it all windows start anew. */
const askersMax = 10_000;

export function makeThrottle({ perMinute, now }: { perMinute: number; now: () => number }): Throttle {
  let windowStart = 0;
  const asked = new Map<string, number>();
  return (who: string, reply: FastifyReply) => {
    const at = now();
    if (at - windowStart >= windowMs || asked.size > askersMax) {
      asked.clear();
      windowStart = at;
    }
    const count = (asked.get(who) ?? 0) + 1;
    asked.set(who, count);
    const seconds = Math.ceil((windowStart + windowMs - at) / 1000);
    void reply.header('ratelimit-policy', `"default";q=${perMinute};w=60`);
    void reply.header('ratelimit', `"default";r=${Math.max(0, perMinute - count)};t=${seconds}`);
    if (count > perMinute)
      throw new ApiProblem('too-many-requests', {
        detail: `${perMinute} requests in a minute are the limit (PLATTE_REQUESTS_PER_MINUTE).`,
        headers: { 'retry-after': String(seconds) },
      });
  };
}
