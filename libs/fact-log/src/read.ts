// Reads the log without being a consumer of it: for a replay from a sequence, or to watch what comes. Nothing is
// acknowledged and nobody is held up; the reader decides its pace. In the order of the stream, each message once.
import { AckPolicy, DeliverPolicy, jetstreamManager } from '@nats-io/jetstream';
import { type Msg, type NatsConnection, nanos, nuid } from '@nats-io/transport-node';
import { decodeBatch } from '@platte/facts';
import { retryForever } from './backoff.js';
import { type Bell, makeBell } from './bell.js';
import { messageOf } from './causes.js';
import { readDelivery } from './delivery.js';
import type { FactMessage } from './fact-message.js';
import { logNames } from './log-names.js';
import { makePuller, type Puller } from './pull.js';

export interface ReadOptions {
  /** The first sequence to read; `new` is what is stored from now on. */
  from: number | 'new';
  /** Ends after this sequence, or when there is nothing more before it; without it, goes on for ever. */
  until?: number | undefined;
  prefix?: string | undefined;
  signal?: AbortSignal | undefined;
  say?: ((line: string) => void) | undefined;
}

export interface ReadMessage extends FactMessage {
  /** Why the message could not be decoded: it has no facts then. A consumer has parked it. */
  unreadable?: string;
  /** When the stream of `sequence` was created (ms): another one counts from 1 again. */
  createdAt: number;
}

const messagesPerPull = 256;
const pullBytesMax = 4 * 1024 * 1024;
/** The server forgets a reader that asked for nothing so long; a slower one is made anew where it was. */
const idleMs = 60_000;

/** Waits for NATS when it goes away. Goes on with the first message of a stream that took the place. Ends when `signal` says so. */
export async function* readFacts(
  nc: NatsConnection,
  options: ReadOptions,
): AsyncGenerator<ReadMessage, void, undefined> {
  const { signal, until = Number.POSITIVE_INFINITY } = options;
  const { stream } = logNames(options.prefix).facts;
  let next: number | 'new' = options.from;
  let createdAt: number | undefined;
  while (!isAborted(signal)) {
    const reader = await startReader(nc, { stream, from: next, createdAt }, options);
    ({ createdAt } = reader);
    try {
      if (reader.pending === 0 && until !== Number.POSITIVE_INFINITY) return;
      for await (const msg of reader.messages()) {
        const delivery = readDelivery(msg);
        next = delivery.sequence + 1;
        yield { ...decodeSafely(msg), sequence: delivery.sequence, storedAt: delivery.storedAt, createdAt };
        if (delivery.sequence >= until || (until !== Number.POSITIVE_INFINITY && delivery.pending === 0)) return;
      }
      // Lost before its first message: what comes from here on is what it would have seen.
      if (next === 'new') next = reader.nextSequence;
    } finally {
      await reader.close();
    }
  }
}

interface Reader {
  /** Messages that were there when it began. */
  pending: number;
  nextSequence: number;
  createdAt: number;
  /** Ends when the server forgot the reader, or the connection was lost. */
  messages: () => AsyncGenerator<Msg, void, undefined>;
  close: () => Promise<void>;
}

interface ReaderStart {
  stream: string;
  from: number | 'new';
  /** Of the stream that `from` was counted in; undefined: of the one that is there. */
  createdAt: number | undefined;
}

function toStart({ from, createdAt }: ReaderStart, found: number) {
  if (from === 'new') return { deliver_policy: DeliverPolicy.New };
  const isOther = createdAt !== undefined && createdAt !== found;
  return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: isOther ? 1 : Math.max(1, from) };
}

async function startReader(
  nc: NatsConnection,
  begin: ReaderStart,
  { signal, say = () => {} }: ReadOptions,
): Promise<Reader> {
  const { stream } = begin;
  const durable = `READER_${nuid.next()}`;
  const { info, lastSequence, createdAt } = await retryForever(
    { waitingFor: `stream ${stream}`, say, signal },
    async () => {
      const manager = await jetstreamManager(nc);
      const { state, created } = await manager.streams.info(stream);
      const createdAt = Date.parse(created);
      const settings = {
        name: durable,
        ack_policy: AckPolicy.None,
        inactive_threshold: nanos(idleMs),
        mem_storage: true,
        num_replicas: 1,
      };
      const added = await manager.consumers.add(stream, { ...settings, ...toStart(begin, createdAt) });
      return { info: added, lastSequence: state.last_seq, createdAt };
    },
  );
  const arrived: Msg[] = [];
  const bell = makeBell();
  const onMessage = (msg: Msg): void => {
    arrived.push(msg);
    bell.ring();
  };
  const puller = makePuller(nc, { stream, durable, bytesMax: pullBytesMax, onMessage });
  signal?.addEventListener('abort', bell.ring);
  return {
    pending: info.num_pending,
    nextSequence: lastSequence + 1,
    createdAt,
    messages: () => takeMessages(puller, arrived, bell, signal),
    close: async () => {
      signal?.removeEventListener('abort', bell.ring);
      await puller.close();
      // It ends by itself; this only tidies sooner.
      if (!nc.isClosed()) nc.publish(`$JS.API.CONSUMER.DELETE.${stream}.${durable}`);
    },
  };
}

/** Yields as messages arrive, and asks for more when the last were taken: never more than one request ahead. */
async function* takeMessages(
  puller: Puller,
  arrived: Msg[],
  bell: Bell,
  signal: AbortSignal | undefined,
): AsyncGenerator<Msg, void, undefined> {
  const request = { isOpen: false, isLost: false };
  const ask = async (): Promise<void> => {
    request.isOpen = true;
    const { status } = await puller.pull(messagesPerPull);
    request.isOpen = false;
    request.isLost = status !== 'done';
    bell.ring();
  };
  for (;;) {
    yield* arrived.splice(0);
    if (arrived.length > 0) continue;
    if (request.isLost || isAborted(signal)) return;
    if (!request.isOpen) void ask();
    await bell.heard();
  }
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function decodeSafely(msg: Msg): Pick<ReadMessage, 'facts' | 'unknown' | 'unreadable'> {
  try {
    return decodeBatch(msg.data);
  } catch (cause) {
    return { facts: [], unknown: [], unreadable: messageOf(cause) };
  }
}
