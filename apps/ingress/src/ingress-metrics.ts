// The figures of ingress. Everything that is counted per request is counted through a child that was made once: looking up a
// label costs as much as the rest of the count.
import { answerReasons } from '@platte/facts';
import { doubtedAttributes, malformedCauses } from '@platte/omaha';
import type { Counter, Metrics } from '@platte/service';

const latencyBuckets = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const batchBuckets = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** Everything for which a request is turned away. `failed` is a mistake of ours. */
const refusalCauses = [
  ...malformedCauses,
  'http',
  'slow',
  'too-large',
  'too-many-connections',
  'unsupported',
  'failed',
];

export type IngressMetrics = ReturnType<typeof makeIngressMetrics>;

export function makeIngressMetrics(metrics: Metrics) {
  return { ...makeRequestMetrics(metrics), ...makeBatchMetrics(metrics), ...makeGauges(metrics) };
}

function makeRequestMetrics({ counter }: Metrics) {
  const answers = counter({
    name: 'platte_ingress_answers_total',
    help: 'Answered apps of requests by reason.',
    labels: ['reason'],
  });
  const refused = counter({
    name: 'platte_ingress_refused_total',
    help: 'Refused requests by cause.',
    labels: ['cause'],
  });
  const questionable = counter({
    name: 'platte_ingress_questionable_values_total',
    help: 'Optional values of requests that were no good and became their default, by attribute.',
    labels: ['attribute'],
  });
  return {
    answers: children(answers, [...answerReasons, 'no-check']),
    refused: children(refused, refusalCauses),
    declined: counter({
      name: 'platte_ingress_parse_declines_total',
      help: 'Requests that the fast scanner left to the reference parser.',
    }),
    questionable: children(questionable, doubtedAttributes),
    shed: counter({
      name: 'platte_ingress_shed_total',
      help: 'Requests answered 503 because too many answers were held, or the log had no room.',
    }),
    lost: counter({
      name: 'platte_ingress_unrecorded_total',
      help: 'Requests answered 503 because their facts could not be recorded.',
    }),
  };
}

function makeBatchMetrics({ counter, histogram }: Metrics) {
  return {
    batchFacts: histogram({ name: 'platte_ingress_batch_facts', help: 'Facts per message.', buckets: batchBuckets }),
    ackSeconds: histogram({
      name: 'platte_ingress_ack_latency_seconds',
      help: 'From publishing a batch to its ack.',
      buckets: latencyBuckets,
    }),
    questionMachines: histogram({
      name: 'platte_ingress_question_machines',
      help: 'Machines per question to policy.',
      buckets: batchBuckets,
    }),
    questionSeconds: histogram({
      name: 'platte_ingress_question_latency_seconds',
      help: 'From a question to policy to its answer.',
      buckets: latencyBuckets,
    }),
    questionsFailed: counter({
      name: 'platte_ingress_questions_failed_total',
      help: 'Questions to policy that got no answer.',
    }),
  };
}

/** Made when there is something to read. */
function makeGauges({ gauge }: Metrics) {
  return {
    held: (read: () => number) =>
      gauge({
        name: 'platte_ingress_held_answers',
        help: 'Answers held for their ack.',
        read: (held) => held.set(read()),
      }),
    waiting: (read: () => number) =>
      gauge({
        name: 'platte_ingress_waiting_machines',
        help: 'Machines whose answer waits for policy.',
        read: (waiting) => waiting.set(read()),
      }),
    queued: (read: () => number) =>
      gauge({
        name: 'platte_ingress_queued_requests',
        help: 'Requests whose facts wait to be published or spooled.',
        read: (queued) => queued.set(read()),
      }),
    pollSeconds: (read: () => number) =>
      gauge({
        name: 'platte_ingress_poll_interval_seconds',
        help: 'The automatic poll interval.',
        read: (interval) => interval.set(read()),
      }),
  };
}

function children<L extends string>(
  counter: Counter<L>,
  values: readonly string[],
): ReadonlyMap<string, Counter.Internal> {
  return new Map(values.map((value) => [value, counter.labels(value)]));
}
