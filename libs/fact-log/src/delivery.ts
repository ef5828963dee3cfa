// What a delivered message says of itself in its reply subject (NATS ADR-15), and the answers that it takes.
import { type Msg, nanos } from '@nats-io/transport-node';

export interface Delivery {
  /** Number in the stream. */
  sequence: number;
  storedAt: number;
  /** Messages that the consumer had left after this one. */
  pending: number;
}

/** `$JS.ACK.<stream>.<consumer>.<delivered>.<sequence>.<n>.<nanoseconds>.<pending>`, or with domain and account before the stream. */
export function readDelivery(msg: Msg): Delivery {
  const parts = (msg.reply ?? '').split('.');
  const at = parts.length > 9 ? 7 : 5;
  // Nanoseconds do not fit a number exactly; their milliseconds do.
  return { sequence: Number(parts[at]), storedAt: Number(parts[at + 2]?.slice(0, -6)), pending: Number(parts[at + 3]) };
}

export function acknowledge(msg: Msg): void {
  msg.respond('+ACK');
}

/** Still at work on it: the server waits anew before it gives the message to another replica. */
export function keepInHand(msg: Msg): void {
  msg.respond('+WPI');
}

/** Whoever asks next may have it, at the earliest after `delayMs`. */
export function giveBack(msg: Msg, delayMs: number): void {
  msg.respond(delayMs > 0 ? `-NAK ${JSON.stringify({ delay: nanos(delayMs) })}` : '-NAK');
}
