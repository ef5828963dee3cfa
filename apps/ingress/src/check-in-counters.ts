// What is counted of each check-in, for operators (metrics), for people who look at refused requests, and for the poll plan.
import type { RefusedReporter } from '@platte/fact-log';
import type { Log } from '@platte/service';
import type { CheckInCounters } from './check-ins.js';
import { toExcerpt } from './excerpt.js';
import type { IngressMetrics } from './ingress-metrics.js';
import type { PollKeeper } from './poll-keeper.js';

/** The same request comes again and again: its stack is worth one line a second. */
const failurePauseMs = 1_000;

interface Needs {
  metrics: IngressMetrics;
  refusals: RefusedReporter;
  now: () => number;
  log: Log;
  pollKeeper: PollKeeper;
}

export function countCheckIns({ metrics, refusals, pollKeeper, now, log }: Needs): CheckInCounters {
  let failureLoggedAt = Number.NEGATIVE_INFINITY;
  function logFailure(error: unknown, address: string, body: Uint8Array): void {
    if (performance.now() - failureLoggedAt < failurePauseMs) return;
    failureLoggedAt = performance.now();
    log.error({ err: error, address, request: toExcerpt(body) }, 'a request brought out a mistake of ours');
  }

  return {
    malformed(cause, address, body) {
      metrics.refused.get(cause)?.inc();
      refusals.report(cause, () => ({ at: now(), ip: address, detail: toExcerpt(body) }));
    },
    parsed({ scanned, questionable }) {
      if (!scanned) metrics.declined.inc();
      for (const attribute of questionable) metrics.questionable.get(attribute)?.inc();
    },
    shed: () => metrics.shed.inc(),
    lost: () => metrics.lost.inc(),
    failed(error, address, body) {
      metrics.refused.get('failed')?.inc();
      refusals.report('failed', () => ({ at: now(), ip: address, detail: toExcerpt(body) }));
      logFailure(error, address, body);
    },
    // Not a refused request for the metrics: it is answered, under its reason.
    ruleFailed(error, address, body) {
      refusals.report('rule-failed', () => ({ at: now(), ip: address, detail: toExcerpt(body) }));
      logFailure(error, address, body);
    },
    // Not a refused request for the metrics: it is answered, under its reason.
    refused: (reason, address, body) =>
      refusals.report(reason, () => ({ at: now(), ip: address, detail: toExcerpt(body) })),
    answered(reason, pollIntervalSeconds) {
      metrics.answers.get(reason)?.inc();
      if (reason !== 'no-check') pollKeeper.told(pollIntervalSeconds);
    },
  };
}
