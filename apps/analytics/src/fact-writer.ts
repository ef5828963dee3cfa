// Follows the log and writes its facts to the history. A message is acknowledged after both inserts (the whole facts, and
// their rows); one that comes again writes the same rows again. One batch at a time, so that a slow engine slows the
// following, and what waits stays in NATS.
import { followGathered, type Gather, type Lag, type NatsConnection, readFactsFill } from '@platte/fact-log';
import { type FactRows, type History, makeFactRows, type WriteOptions } from '@platte/history';
import { isStoreFailure, type Log, type Metrics } from '@platte/service';
import type { MachineNumbers } from '@platte/state-store';
import type { Config } from './config.js';

export interface FactWriter {
  /** All replicas have written everything up to `acked`, of the stream that was created at `stream` (ms). */
  written: () => Promise<{ acked: number; stream: number }>;
  health: () => { state: 'up' | 'down'; detail: string };
  stop: (withinMs: number) => Promise<void>;
}

interface Needs {
  nats: NatsConnection;
  history: History;
  numbers: MachineNumbers;
  config: Pick<Config, 'batchFactsMax' | 'batchDelay' | 'batchDelayBusy' | 'archive' | 'historyRowsKept'>;
  now: () => number;
  log: Log;
  metrics: Metrics;
  /** Of the log's names, where several share one NATS: tests. */
  prefix?: string | undefined;
}

/** The consumer that all replicas of analytics share. */
export const durable = 'analytics';
/** Messages in hand: ingress at rest puts one check-in into each, so this and not the facts bounds a batch then. */
const messagesMax = 5_000;
/** As it travels: a check-in has some 650. Less would cut batches short before they are full. */
const bytesPerFact = 1_000;
const lagPeriodMs = 5_000;
/** Rows are folded some time after they are written, and must be there then with all that follow them. */
const rowsMarginMs = 86_400_000;

function makeWriterMetrics(metrics: Metrics) {
  return {
    written: metrics.counter({ name: 'platte_history_facts_total', help: 'Facts written to the history' }),
    late: metrics.counter({
      name: 'platte_history_late_facts_total',
      help: 'Facts that arrived when rows of their age are no longer kept: they are archived and change nothing else',
    }),
    seconds: metrics.histogram({
      name: 'platte_history_batch_seconds',
      help: 'Time to write one batch',
      buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10],
    }),
    delay: metrics.histogram({
      name: 'platte_history_delay_seconds',
      help: 'From the moment at which the facts of a message were made until they can be asked for',
      buckets: [0.1, 0.3, 0.6, 1, 2, 5, 10, 60, 600],
    }),
    lagGauge: metrics.gauge({
      name: 'platte_history_lag_messages',
      help: 'Messages of the log that the history does not have yet',
    }),
  };
}

interface Gathered {
  rows: FactRows;
  /** One of each message: its facts share their time, to within a turn of the event loop. */
  madeAt: number[];
  /** In which the rows got their numbers. */
  epoch: number;
}

/** The rows of a batch have numbers that may be another machine's now: they are made again. */
class NumbersForgotten extends Error {}

function gatherRows({ known, epoch }: MachineNumbers, options: () => WriteOptions): Gather<Gathered> {
  return {
    begin: () => ({ rows: makeFactRows(known, options()), madeAt: [], epoch: epoch() }),
    put({ rows, madeAt }, message) {
      rows.put(message);
      const [first] = message.facts;
      if (first !== undefined) madeAt.push(first.at);
    },
  };
}

export async function startFactWriter(needs: Needs): Promise<FactWriter> {
  const { nats, history, numbers, config, now, log, metrics, prefix } = needs;
  const { written, late, seconds, delay, lagGauge } = makeWriterMetrics(metrics);
  let lag: Lag | undefined;

  const oldest = () => now() - config.historyRowsKept + rowsMarginMs;
  const follower = await followGathered<Gathered>(
    {
      nc: nats,
      durable,
      prefix,
      batchFactsMax: config.batchFactsMax,
      batchDelayMs: config.batchDelay,
      busyDelayMs: config.batchDelayBusy,
      messagesMax,
      bytesMax: config.batchFactsMax * bytesPerFact,
      isOutage: isStoreFailure,
      say: (line) => log.info(line),
      withTexts: config.archive,
      onBatch: async ({ rows, madeAt, epoch }) => {
        // A PostgreSQL that is away gives no numbers to others either: what is known here stays true.
        await numbers.confirm().catch((error: unknown) => {
          if (!isStoreFailure(error)) throw error;
        });
        if (epoch !== numbers.epoch())
          throw new NumbersForgotten('another PostgreSQL answers than before: numbers of machines are looked up again');
        const done = await rows.write(history, numbers);
        late.inc(done.late);
        for (const at of madeAt) delay.observe(Math.max(0, now() - at) / 1000);
      },
      hooks: {
        onCommitted: ({ facts, tookMs }) => {
          written.inc(facts);
          seconds.observe(tookMs / 1000);
        },
        onFailed: (reason) => log.warn({ reason }, 'a batch was not written: it comes again'),
      },
    },
    gatherRows(numbers, () => ({ archive: config.archive, oldest: oldest() })),
  );

  async function measureLag(): Promise<Lag> {
    lag = await follower.lag();
    lagGauge.set(lag.pendingMessages + lag.heldMessages);
    return lag;
  }
  const timer = setInterval(() => {
    measureLag().catch((error: unknown) => log.warn({ err: error }, 'the lag cannot be asked for'));
  }, lagPeriodMs);

  return {
    async written() {
      // The stream first: one that takes its place in between has acknowledged less, never more.
      const { createdAt: stream } = await readFactsFill(nats, { prefix });
      return { acked: (await measureLag()).ackFloor, stream };
    },
    health() {
      const trouble = follower.trouble();
      if (trouble)
        return {
          state: 'down',
          detail: `batches fail since ${new Date(trouble.since).toISOString()}: ${trouble.reason}`,
        };
      return {
        state: 'up',
        detail: lag ? `${lag.pendingMessages + lag.heldMessages} messages behind` : 'just started',
      };
    },
    async stop(withinMs) {
      clearInterval(timer);
      await follower.stop(withinMs);
    },
  };
}
