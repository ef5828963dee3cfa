// What is counted of each check-in, for operators (metrics), for people who look at refused requests, and for the poll plan.
import type { CheckInCounters } from './check-ins.js';
import type { IngressMetrics } from './ingress-metrics.js';
import type { PollKeeper } from './poll-keeper.js';
import type { Refusals } from './refusals.js';

interface Needs {
  metrics: IngressMetrics;
  refusals: Refusals;
  pollKeeper: PollKeeper;
}

export function countCheckIns({ metrics, refusals, pollKeeper }: Needs): CheckInCounters {
  return {
    malformed(cause, address, body) {
      metrics.refused.get(cause)?.inc();
      refusals.count(cause, address, body);
    },
    parsed({ scanned, questionable }) {
      if (!scanned) metrics.declined.inc();
      if (questionable > 0) metrics.questionable.inc(questionable);
    },
    shed: () => metrics.shed.inc(),
    lost: () => metrics.lost.inc(),
    // Not a refused request for the metrics: it is answered, under its reason.
    refused: (reason, address, body) => refusals.count(reason, address, body),
    answered(reason, pollIntervalSeconds) {
      metrics.answers.get(reason)?.inc();
      if (reason !== 'no-check') pollKeeper.told(pollIntervalSeconds);
    },
  };
}
