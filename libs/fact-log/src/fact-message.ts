import type { Msg } from '@nats-io/transport-node';
import type { Fact, UnknownFact, WrittenFact } from '@platte/facts';

/** One message of the log, decoded. */
export interface FactMessage {
  facts: Fact[];
  /** Of kinds or versions that this program does not know, whole: to be kept where everything is kept, else ignored. */
  unknown: UnknownFact[];
  /** All of them with their texts, for those who ask for them (`withTexts`). */
  written?: WrittenFact[] | undefined;
  /** Its number in the stream: grows, with gaps; the same at a redelivery. */
  sequence: number;
  /** When the server stored it, ms since the epoch. */
  storedAt: number;
}

/** A message in our hands: ours to acknowledge or give back. Not decoded: that takes four times its bytes. */
export interface Held {
  msg: Msg;
  sequence: number;
  facts: number;
}

/** What messages become as they arrive, until they are handed over together. */
export interface Gather<Batch> {
  begin: () => Batch;
  /** @throws Error when the message cannot be read: it is parked, and nothing of it may be in the batch. */
  put: (batch: Batch, message: FactMessage) => void;
}

export interface HeldBatch<Batch> {
  held: Held[];
  gathered: Batch;
}
