// What is counted of each check-in, for operators (metrics), for people who look at refused requests, and for the poll plan.
import type { RefusedReporter } from '@platte/fact-log';
import type { CheckInCounters } from './check-ins.js';
import { toExcerpt } from './excerpt.js';
import type { IngressMetrics } from './ingress-metrics.js';
import type { PollKeeper } from './poll-keeper.js';

interface Needs {
  metrics: IngressMetrics;
  refusals: RefusedReporter;
  now: () => number;
  pollKeeper: PollKeeper;
}

export function countCheckIns({ metrics, refusals, pollKeeper, now }: Needs): CheckInCounters {
  return {
    malformed(cause, address, body) {
      metrics.refused.get(cause)?.inc();
      refusals.report(cause, () => ({ at: now(), ip: address, detail: toExcerpt(body) }));
    },
    parsed({ scanned, questionable }) {
      if (!scanned) metrics.declined.inc();
      if (questionable > 0) metrics.questionable.inc(questionable);
    },
    shed: () => metrics.shed.inc(),
    lost: () => metrics.lost.inc(),
    // Not a refused request for the metrics: it is answered, under its reason.
    refused: (reason, address, body) =>
      refusals.report(reason, () => ({ at: now(), ip: address, detail: toExcerpt(body) })),
    answered(reason, pollIntervalSeconds) {
      metrics.answers.get(reason)?.inc();
      if (reason !== 'no-check') pollKeeper.told(pollIntervalSeconds);
    },
  };
}
