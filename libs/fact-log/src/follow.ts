// Follows facts with a durable consumer that replicas share: each message goes to one of them, and is acknowledged
// strictly after its effect is committed. What is not acknowledged comes again, to anybody, so that effects must be
// idempotent by fact identity; a message may also come twice, and in any order.
//
// Acks are explicit: ack-all on a consumer that replicas share would acknowledge what another replica still holds.
import { setTimeout as delay } from 'node:timers/promises';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { decodeBatch, decodeWritten } from '@platte/facts';
import { makeBackoff } from './backoff.js';
import { type Buffer, type BufferLimits, makeBuffer } from './buffer.js';
import { messageOf } from './causes.js';
import { ensureConsumer, type Lag, readLag } from './consumer.js';
import { acknowledge, giveBack, keepInHand, readDelivery } from './delivery.js';
import type { FactMessage, Gather, Held } from './fact-message.js';
import { logNames } from './log-names.js';
import { parkMessage } from './parked.js';
import { makePuller, type Puller } from './pull.js';
import { makeSettling, type SettleHooks } from './settle.js';

export interface FollowOptions<Batch = FactMessage[]> {
  nc: NatsConnection;
  /** Name of the consumer: one per effect (`policy`, `analytics`). */
  durable: string;
  /**
   * Commits the effect of all messages, or throws and leaves nothing that a repetition would harm. One call at a time.
   * For a message that can never be applied throw `makePoison(sequence, reason)`: it is parked, the rest comes again.
   */
  onBatch: (batch: Batch) => Promise<void>;
  /** Whether a failure of `onBatch` is a store's that was away: no message is parked for it. */
  isOutage?: ((cause: unknown) => boolean) | undefined;
  /** A batch is handed over when it has so many facts (10,000), or when its first message is so old (50 ms). */
  batchFactsMax?: number | undefined;
  batchDelayMs?: number | undefined;
  /** Or, with a tenth of `batchFactsMax` or more in it, so old (`batchDelayMs`): where larger batches cost less. */
  busyDelayMs?: number | undefined;
  /** What waits at most while a batch is being committed: messages (256), and their bytes (8 MiB, and one request's more). */
  messagesMax?: number | undefined;
  bytesMax?: number | undefined;
  /** Without a sign of life for so long (30 s) the server gives a message to another replica. Signs are sent by themselves. */
  ackWaitMs?: number | undefined;
  /** Whether messages come with the texts of their facts. */
  withTexts?: boolean | undefined;
  prefix?: string | undefined;
  say?: ((line: string) => void) | undefined;
  hooks?: (SettleHooks & { onParked?: (reason: string) => void }) | undefined;
}

export interface Follower {
  /** Asked of the server. @throws Error when it does not answer. */
  lag: () => Promise<Lag>;
  /** Why the last batch failed, and since when batches fail; undefined while they succeed. */
  trouble: () => { reason: string; since: number } | undefined;
  /** Finishes the batch in hand (at most `withinMs`), gives back what waits, and ends. The connection stays. */
  stop: (withinMs?: number) => Promise<void>;
}

const defaults = {
  batchFactsMax: 10_000,
  batchDelayMs: 50,
  messagesMax: 256,
  bytesMax: 8 * 1024 * 1024,
  ackWaitMs: 30_000,
};
/** Bounds what one request brings; at least one message of the largest size fits. */
const pullBytesMax = 4 * 1024 * 1024;

/** Resolves when the consumer exists: waits for JetStream and its stream for ever, saying so. */
export function followFacts(options: FollowOptions): Promise<Follower> {
  return followGathered(options, { begin: (): FactMessage[] => [], put: (batch, message) => void batch.push(message) });
}

/** The same for those who make something of each message as it arrives, and hold nothing decoded until the batch is full. */
export async function followGathered<Batch>(options: FollowOptions<Batch>, gather: Gather<Batch>): Promise<Follower> {
  const { nc, durable, say = () => {} } = options;
  const limits = toLimits(options);
  const { stream } = logNames(options.prefix).facts;
  const stopping = new AbortController();
  const consumer = { stream, durable, ackWaitMs: limits.ackWaitMs, say, signal: stopping.signal };
  await ensureConsumer(nc, consumer);

  const park = async (msg: Msg, reason: string): Promise<void> => {
    await parkMessage(nc, { msg, durable, reason, prefix: options.prefix });
    acknowledge(msg);
    say(`parked message ${readDelivery(msg).sequence} of ${stream}: ${reason}`);
    options.hooks?.onParked?.(reason);
  };
  const buffer = makeBuffer(limits, gather);
  const read = (msg: Msg) => readMessage(msg, options.withTexts === true);
  const regather = (held: readonly Held[]): Batch => {
    const batch = gather.begin();
    for (const { msg } of held) gather.put(batch, read(msg));
    return batch;
  };
  const settling = makeSettling({
    ...options,
    regather,
    signal: stopping.signal,
    park: ({ msg }, reason) => park(msg, reason),
  });
  const puller = makePuller(nc, {
    stream,
    durable,
    bytesMax: pullBytesMax,
    onMessage: (msg) => {
      try {
        const message = read(msg);
        const { facts, unknown, sequence } = message;
        buffer.put({ msg, sequence, facts: facts.length + unknown.length }, message);
      } catch (cause) {
        // Given back when parking fails: it comes again, and is parked then.
        park(msg, messageOf(cause)).catch(() => giveBack(msg, 5000));
      }
    },
  });

  let inHand: Msg[] = [];
  const signs = setInterval(
    () => [...inHand, ...buffer.waiting().map(({ msg }) => msg)].forEach(keepInHand),
    limits.ackWaitMs / 3,
  );
  // A connection that its owner closed does not come back: there is nothing to pull from.
  void nc.closed().then(() => stopping.abort());
  const pulling = keepPulling(puller, buffer, stopping.signal, () => ensureConsumer(nc, consumer));
  const committing = (async () => {
    for (let batch = await buffer.take(); batch !== undefined; batch = await buffer.take()) {
      inHand = batch.held.map(({ msg }) => msg);
      await settling.settle(batch);
      inHand = [];
    }
  })();

  return {
    lag: () => readLag(nc, stream, durable),
    trouble: settling.trouble,
    stop: async (withinMs = 5000) => {
      stopping.abort();
      buffer.close();
      await puller.close();
      await Promise.race([committing, delay(withinMs, undefined, { ref: false })]);
      await pulling;
      clearInterval(signs);
      for (const msg of [...inHand, ...buffer.waiting().map((held) => held.msg)]) giveBack(msg, 0);
      if (!nc.isClosed()) await Promise.race([nc.flush(), delay(1000, undefined, { ref: false })]).catch(() => {});
    },
  };
}

function readMessage(msg: Msg, withTexts: boolean): FactMessage {
  const { sequence, storedAt } = readDelivery(msg);
  return { ...(withTexts ? decodeWritten(msg.data) : decodeBatch(msg.data)), sequence, storedAt };
}

async function keepPulling(
  puller: Puller,
  buffer: Pick<Buffer<unknown>, 'room'>,
  signal: AbortSignal,
  ensure: () => Promise<void>,
): Promise<void> {
  const backoff = makeBackoff({ firstMs: 50, maxMs: 5000 });
  while (!signal.aborted) {
    const room = await buffer.room();
    if (signal.aborted) return;
    const end = await puller.pull(room);
    if (end.status === 'done') {
      backoff.reset();
      continue;
    }
    await delay(backoff.nextMs(), undefined, { signal }).catch(() => {});
    // Made again if somebody deleted it: it starts from the beginning, which idempotent effects allow.
    if (end.status === 'gone' && !signal.aborted) await ensure().catch(() => {});
  }
}

function toLimits(options: FollowOptions<never>): BufferLimits & { ackWaitMs: number } {
  const { batchDelayMs = defaults.batchDelayMs } = options;
  return {
    batchFactsMax: options.batchFactsMax ?? defaults.batchFactsMax,
    batchDelayMs,
    busyDelayMs: options.busyDelayMs ?? batchDelayMs,
    messagesMax: options.messagesMax ?? defaults.messagesMax,
    bytesMax: options.bytesMax ?? defaults.bytesMax,
    ackWaitMs: options.ackWaitMs ?? defaults.ackWaitMs,
  };
}
