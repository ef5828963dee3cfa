// Messages that a consumer could not read or apply, each with its reason, until a person retries or drops it. They hold
// nobody up. A retry appends the message to the facts again: every consumer sees it, and knows what it had by identity.
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { encodeBatch, type Fact } from '@platte/facts';
import { readDelivery } from './delivery.js';
import { logNames } from './log-names.js';
import { headerOf, readAt, readSeveral, type StoredMessage } from './stored.js';

export interface ParkedMessage {
  /** Names it in `retryParked` and `dropParked`. */
  id: number;
  /** The consumer that could not take it. */
  durable: string;
  reason: string;
  /** Its number in the stream of facts, and when it was stored there. */
  sequence: number;
  storedAt: number;
  parkedAt: number;
  bytes: number;
  /** Its first thousand bytes. */
  excerpt: string;
}

const reasonCharactersMax = 500;
const excerptBytesMax = 1000;

export async function parkMessage(
  nc: NatsConnection,
  { msg, durable, reason, prefix }: { msg: Msg; durable: string; reason: string; prefix?: string | undefined },
): Promise<void> {
  const { sequence, storedAt } = readDelivery(msg);
  const head = headers();
  head.set('Platte-Reason', toHeaderText(reason));
  head.set('Platte-Sequence', String(sequence));
  head.set('Platte-Stored-At', String(storedAt));
  const subject = `${logNames(prefix).parked.subject}.${durable}`;
  // With its time: a stream that was lost and made again gives the same number to another message.
  const msgID = `${durable}.${sequence}.${storedAt}`;
  await jetstream(nc).publish(subject, msg.data, { headers: head, msgID });
}

/** Facts of a message whose others were applied: a message of their own, which a retry appends as any other. */
export async function parkFacts(
  nc: NatsConnection,
  parked: {
    facts: readonly Fact[];
    durable: string;
    reason: string;
    /** Of the message that brought the first of them. */
    sequence: number;
    storedAt: number;
    prefix?: string | undefined;
  },
): Promise<void> {
  const { facts, durable, reason, sequence, storedAt, prefix } = parked;
  const [first] = facts;
  if (first === undefined) return;
  const head = headers();
  head.set('Platte-Reason', toHeaderText(reason));
  head.set('Platte-Sequence', String(sequence));
  head.set('Platte-Stored-At', String(storedAt));
  const subject = `${logNames(prefix).parked.subject}.${durable}`;
  // Of the identity of its first fact: a batch that comes again parks the same facts once.
  const msgID = `${durable}.${sequence}.${first.app}.${first.kind}.${first.at}.${first.n}`;
  await jetstream(nc).publish(subject, encodeBatch(facts), { headers: head, msgID });
}

/** How many messages are parked. */
export async function countParked(
  nc: NatsConnection,
  { prefix }: { prefix?: string | undefined } = {},
): Promise<number> {
  const { stream } = logNames(prefix).parked;
  return (await (await jetstreamManager(nc)).streams.info(stream)).state.messages;
}

/** Oldest first, at most `max` from the one after `afterId`. */
export async function listParked(
  nc: NatsConnection,
  { prefix, afterId = 0, max = 100 }: { prefix?: string | undefined; afterId?: number; max?: number } = {},
): Promise<ParkedMessage[]> {
  const { parked } = logNames(prefix);
  const stored = await readSeveral(nc, parked.stream, `${parked.subject}.>`, afterId + 1, max);
  return stored.map((message) => toParkedMessage(message, parked.subject));
}

/** @returns false when there is no such message: somebody else was faster. */
export async function retryParked(
  nc: NatsConnection,
  id: number,
  { prefix }: { prefix?: string | undefined } = {},
): Promise<boolean> {
  const names = logNames(prefix);
  const stored = await readAt(nc, names.parked.stream, id);
  if (stored === undefined) return false;
  // Dying between the two lines repeats the retry, which the message id makes one.
  await jetstream(nc).publish(`${names.facts.subject}.retried`, stored.data, {
    msgID: `retried.${names.parked.stream}.${id}.${stored.storedAt}`,
  });
  await dropParked(nc, id, { prefix });
  return true;
}

/** @returns false when there is no such message. */
export async function dropParked(
  nc: NatsConnection,
  id: number,
  { prefix }: { prefix?: string | undefined } = {},
): Promise<boolean> {
  const { stream } = logNames(prefix).parked;
  if ((await readAt(nc, stream, id)) === undefined) return false;
  return (await jetstreamManager(nc)).streams.deleteMessage(stream, id);
}

function toParkedMessage(stored: StoredMessage, subject: string): ParkedMessage {
  return {
    id: stored.sequence,
    durable: stored.subject.slice(subject.length + 1),
    reason: headerOf(stored, 'Platte-Reason'),
    sequence: Number(headerOf(stored, 'Platte-Sequence')),
    storedAt: Number(headerOf(stored, 'Platte-Stored-At')),
    parkedAt: stored.storedAt,
    bytes: stored.data.length,
    excerpt: Buffer.from(stored.data.subarray(0, excerptBytesMax)).toString('utf8'),
  };
}

/** Headers hold one line. */
function toHeaderText(reason: string): string {
  return reason.replaceAll(/\s+/g, ' ').slice(0, reasonCharactersMax);
}
