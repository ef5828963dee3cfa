// What is told of every request: one line in the log, and a count and a duration by operation and status. Never a query (it
// may hold what people search for), never a header.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Log, Metrics } from '@platte/service';
import { callerOf } from './http/caller.js';

/** Called when an answer has gone out, or its reader has. */
export type Observe = (request: FastifyRequest, reply: FastifyReply) => void;

/** Seconds. A read of one thing takes milliseconds, a timeline of a year's facts a second. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function makeObserve({ log, metrics }: { log: Log; metrics: Metrics }): Observe {
  const durations = metrics.histogram({
    name: 'platte_api_request_duration_seconds',
    help: 'How long requests of the API took, by method, route and status.',
    labels: ['method', 'route', 'status'],
    buckets,
  });
  return (request, reply) => {
    const { method, id: requestId } = request;
    // The template, never the path: ids would make a series each.
    const route = request.routeOptions.url ?? 'none';
    const { statusCode: status, elapsedTime } = reply;
    durations.observe({ method, route, status: String(status) }, elapsedTime / 1000);
    const { name: caller } = callerOf(request);
    const line = { requestId, method, route, status, ms: Math.round(elapsedTime), caller };
    if (method === 'GET') log.debug(line, 'request');
    else log.info(line, 'request');
  };
}
