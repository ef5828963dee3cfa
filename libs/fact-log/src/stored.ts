// Reads single messages of a stream where they are stored. Asked of the stream's leader, so that what was acknowledged is
// seen; the library's typed call cannot say "the next of this subject", the wire protocol can (NATS ADR-31's request).
import { JetStreamApiCodes } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';

export interface StoredMessage {
  sequence: number;
  subject: string;
  data: Uint8Array;
  /** The header block as it is on the wire; '' when there is none. */
  headers: string;
  storedAt: number;
}

interface MessageResponse {
  message?: { subject: string; seq: number; data?: string; hdrs?: string; time: string };
  error?: { err_code: number; description: string };
}

/** Also the longest that a follower stays behind after a reconnect: a request of the old connection ends with it. */
const timeoutMs = 1000;

/** The first message from `sequence` on whose subject matches; undefined when there is none. */
export function readNext(
  nc: NatsConnection,
  stream: string,
  subject: string,
  sequence: number,
): Promise<StoredMessage | undefined> {
  return read(nc, stream, { seq: sequence, next_by_subj: subject });
}

export function readLast(nc: NatsConnection, stream: string, subject: string): Promise<StoredMessage | undefined> {
  return read(nc, stream, { last_by_subj: subject });
}

export function readAt(nc: NatsConnection, stream: string, sequence: number): Promise<StoredMessage | undefined> {
  return read(nc, stream, { seq: sequence });
}

/** In the order of the stream, from `sequence` on, at most `max`. */
export async function readSeveral(
  nc: NatsConnection,
  stream: string,
  subject: string,
  sequence: number,
  max: number,
): Promise<StoredMessage[]> {
  const found: StoredMessage[] = [];
  let next = sequence;
  while (found.length < max) {
    const message = await readNext(nc, stream, subject, next);
    if (message === undefined) break;
    found.push(message);
    next = message.sequence + 1;
  }
  return found;
}

/** The value of a header, or ''. */
export function headerOf(message: StoredMessage, name: string): string {
  const line = message.headers.split('\r\n').find((candidate) => candidate.startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim() ?? '';
}

async function read(
  nc: NatsConnection,
  stream: string,
  request: Record<string, unknown>,
): Promise<StoredMessage | undefined> {
  const answer = await nc.request(`$JS.API.STREAM.MSG.GET.${stream}`, JSON.stringify(request), { timeout: timeoutMs });
  const { message, error } = answer.json<MessageResponse>();
  if (error?.err_code === JetStreamApiCodes.NoMessageFound) return undefined;
  if (message === undefined)
    throw new Error(`stream ${stream} cannot be read: ${error?.description ?? 'an answer without a message'}`);
  return {
    sequence: message.seq,
    subject: message.subject,
    data: Buffer.from(message.data ?? '', 'base64'),
    headers: Buffer.from(message.hdrs ?? '', 'base64').toString('utf8'),
    storedAt: Date.parse(message.time),
  };
}
