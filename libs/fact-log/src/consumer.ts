// The durable consumer behind a follower, and how far it is.
import {
  AckPolicy,
  DeliverPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  jetstreamManager,
  ReplayPolicy,
} from '@nats-io/jetstream';
import { type NatsConnection, nanos } from '@nats-io/transport-node';
import { retryForever } from './backoff.js';
import { logNames } from './log-names.js';

export interface ConsumerOptions {
  stream: string;
  durable: string;
  ackWaitMs: number;
  say: (line: string) => void;
  signal: AbortSignal;
}

export interface Lag {
  /** Messages of the stream that nobody has been given yet. */
  pendingMessages: number;
  /** Given to a replica and not acknowledged. */
  heldMessages: number;
  /** All messages up to here are acknowledged: what lies below may be purged as far as this consumer goes. */
  ackFloor: number;
}

/** What all replicas together may hold: the server hands out no more beyond it. */
const ackPendingMax = 10_000;

/** Makes the consumer unless it exists; an existing one is not changed. Waits for JetStream and the stream for ever. */
export function ensureConsumer(nc: NatsConnection, options: ConsumerOptions): Promise<void> {
  const waitingFor = `consumer ${options.durable} of stream ${options.stream}`;
  return retryForever({ ...options, waitingFor }, async () => {
    const manager = await jetstreamManager(nc);
    try {
      await manager.consumers.info(options.stream, options.durable);
    } catch (cause) {
      if (!(cause instanceof JetStreamApiError) || cause.code !== JetStreamApiCodes.ConsumerNotFound) throw cause;
      await manager.consumers.add(options.stream, {
        durable_name: options.durable,
        ack_policy: AckPolicy.Explicit,
        ack_wait: nanos(options.ackWaitMs),
        deliver_policy: DeliverPolicy.All,
        replay_policy: ReplayPolicy.Instant,
        max_ack_pending: ackPendingMax,
        max_deliver: -1,
      });
    }
  });
}

export async function readLag(nc: NatsConnection, stream: string, durable: string): Promise<Lag> {
  const info = await (await jetstreamManager(nc)).consumers.info(stream, durable);
  return { pendingMessages: info.num_pending, heldMessages: info.num_ack_pending, ackFloor: info.ack_floor.stream_seq };
}

/** Of any consumer of the facts, also of another program: how far all its replicas are. */
export function readConsumerLag(
  nc: NatsConnection,
  durable: string,
  { prefix }: { prefix?: string | undefined } = {},
): Promise<Lag> {
  return readLag(nc, logNames(prefix).facts.stream, durable);
}
