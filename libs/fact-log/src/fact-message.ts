import type { Msg } from '@nats-io/transport-node';
import type { Fact, UnknownFact } from '@platte/facts';

/** One message of the log, decoded. */
export interface FactMessage {
  facts: Fact[];
  /** Of kinds or versions that this program does not know, whole: to be kept where everything is kept, else ignored. */
  unknown: UnknownFact[];
  /** Its number in the stream: grows, with gaps; the same at a redelivery. */
  sequence: number;
  /** When the server stored it, ms since the epoch. */
  storedAt: number;
}

/** A message in our hands: ours to acknowledge or give back. */
export interface Held {
  msg: Msg;
  message: FactMessage;
}
