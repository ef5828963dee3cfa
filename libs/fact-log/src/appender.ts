// THE HOT PATH: facts into the log, 40,000 requests a second and more. What one turn of the event loop appends travels in
// one message, so that batches size themselves: alone a request waits 0.1 ms, under load a message holds many. Fixed
// timers of 2 or 5 ms were measured and are slower everywhere.
//
// A callback without an error is the promise that the facts will be in the stream: NATS acknowledged them, or the spool
// has them on disk. If the process dies before the callback, they may or may not be there; nobody was told that they are.
import { type NatsConnection, nuid } from '@nats-io/transport-node';
import { encodeFact, type Fact, joinFacts, type UnknownFact } from '@platte/facts';
import { AppendError, type AppendFailure } from './append-error.js';
import { type Gathered, makeGathering, requestBytesMax } from './gather.js';
import { logNames } from './log-names.js';
import type { PublishTrouble } from './acked-publisher.js';
import { type Batch, makeRoute } from './route.js';
import type { Spool } from './spool.js';

export interface AppenderLimits {
  /** Requests of one message; one request is never split. */
  requestsPerMessageMax: number;
  /** Half of what a NATS server takes by default, so that one large request still fits beside others. */
  bytesPerMessageMax: number;
  /** Requests that wait for their callback: half a second of 40,000 a second. */
  queueRequestsMax: number;
  queueBytesMax: number;
  /** So long a message waits for its acknowledgement before it goes to the spool. */
  ackTimeoutMs: number;
}

export const defaultAppenderLimits: AppenderLimits = {
  requestsPerMessageMax: 256,
  bytesPerMessageMax: 512 * 1024,
  queueRequestsMax: 20_000,
  queueBytesMax: 64 * 1024 * 1024,
  ackTimeoutMs: 1000,
};

/** For metrics; called once per message, from the event loop that serves requests. */
export interface AppenderHooks {
  /** A message is safe: `to` is who has it. */
  onStored?: (batch: {
    requests: number;
    facts: number;
    bytes: number;
    waitedMs: number;
    to: 'stream' | 'spool';
  }) => void;
  onFailed?: (batch: { requests: number; reason: AppendFailure }) => void;
  /** An acknowledgement came after the message was given to the spool: it will be in the stream by its id once, or twice. */
  onLateAck?: () => void;
  /** Messages went from the spool to the stream. */
  onDrained?: (messages: number) => void;
}

export interface AppenderOptions {
  /** A promise while the server is still waited for: until then it counts as away. */
  nc: NatsConnection | Promise<NatsConnection>;
  /** Last part of the subject: `ingress`, `policy`, `api`. */
  program: string;
  prefix?: string | undefined;
  /** Without one, facts that NATS does not acknowledge in time are an error at once. The appender closes it. */
  spool?: Spool | undefined;
  limits?: Partial<AppenderLimits> | undefined;
  hooks?: AppenderHooks | undefined;
  /** Says a line for people when facts begin to go to the spool, and when it is empty again. */
  say?: ((line: string) => void) | undefined;
}

export type OnAppended = (error?: AppendError) => void;

export interface AppenderStats {
  /** Requests, and their bytes, that wait for their callback. */
  queuedRequests: number;
  queuedBytes: number;
  spooledBytes: number;
  /** Where a new batch goes now. */
  route: 'stream' | 'spool' | 'nowhere';
  /** In words, and what to do: NATS is connected and has stored nothing for a while. */
  trouble: string | undefined;
}

export interface Appender {
  /** One request's facts; `onDone` is called once, never from within. Never throws. */
  append: (facts: readonly Fact[], onDone: OnAppended) => void;
  /** The same for facts that are JSON text already, one each. */
  appendEncoded: (encoded: readonly string[], onDone: OnAppended) => void;
  /**
   * For programs off the hot path: resolves when all facts are stored, rejects with an AppendError when any is not. With an
   * id, a retry of the same facts in the same order within 20 minutes is stored once. Each message gets the headers, except
   * one that went through the spool.
   */
  appendAll: (
    facts: readonly (Fact | UnknownFact)[],
    options?: { id?: string; headers?: Readonly<Record<string, string>> },
  ) => Promise<void>;
  /** Whether another request may be taken in. Cheap: ask before parsing, and answer 503 if not. */
  hasRoom: () => boolean;
  stats: () => AppenderStats;
  /** Takes no more, waits for the callbacks of all, at most `withinMs`; then what is in flight goes to the spool or fails. */
  close: (withinMs?: number) => Promise<void>;
}

export function makeAppender(options: AppenderOptions): Appender {
  const limits = { ...defaultAppenderLimits, ...options.limits };
  const queued = { requests: 0, bytes: 0, onEmpty: () => {} };
  let isClosed = false;

  const route = makeRoute({
    ...options,
    subject: `${logNames(options.prefix).facts.subject}.${options.program}`,
    ackTimeoutMs: limits.ackTimeoutMs,
    onEnd: (batch, end) => {
      queued.requests -= batch.onDone.length;
      queued.bytes -= batch.body.length;
      tellHooks(options.hooks, batch, end);
      for (const onDone of batch.onDone) onDone(end.error);
      if (queued.requests === 0) queued.onEmpty();
    },
  });
  function send(id: string, { body, facts, onDone }: Gathered, headers?: Readonly<Record<string, string>>): void {
    queued.requests += onDone.length;
    queued.bytes += body.length;
    route.send({ id, body, facts, headers, since: performance.now(), onDone });
  }
  const gathering = makeGathering(limits, (full) => send(nuid.next(), full));
  const waitingBytes = () => queued.bytes + gathering.bytes();

  function hasRoom(): boolean {
    const requests = queued.requests + gathering.requests();
    const bytes = waitingBytes();
    return !isClosed && requests < limits.queueRequestsMax && bytes < limits.queueBytesMax && route.hasRoom(bytes);
  }
  function append(list: string, facts: number, onDone: OnAppended): void {
    if (facts === 0) process.nextTick(onDone);
    else if (isClosed) process.nextTick(onDone, stopping());
    else if (!hasRoom()) process.nextTick(onDone, queueFull());
    else if (!gathering.add(list, facts, onDone)) process.nextTick(onDone, tooLarge());
  }

  return {
    append: (facts, onDone) => append(joinFacts(facts.map(encodeFact)), facts.length, onDone),
    appendEncoded: (encoded, onDone) => append(joinFacts(encoded), encoded.length, onDone),
    appendAll: async (facts, { id = nuid.next(), headers } = {}) => {
      if (isClosed) throw stopping();
      if (!hasRoom()) throw queueFull();
      await Promise.all(
        toChunks(facts, limits).map((chunk, index) =>
          promiseDone(chunk, (filled) => send(`${id}.${index}`, filled, headers)),
        ),
      );
    },
    hasRoom,
    stats: () => ({
      queuedRequests: queued.requests,
      queuedBytes: queued.bytes,
      spooledBytes: route.spooledBytes(),
      route: route.leadsTo(waitingBytes()),
      trouble: describeTrouble(route.trouble(), performance.now()),
    }),
    close: async (withinMs = 5000) => {
      isClosed = true;
      gathering.flush();
      if (queued.requests > 0) await untilEmpty(queued, withinMs);
      await route.close();
    },
  };
}

/** A server that starts again, or is slow for a moment, wants nobody. */
const troubleMsMin = 10_000;

function describeTrouble(trouble: PublishTrouble | undefined, now: number): string | undefined {
  if (trouble === undefined || now - trouble.since < troubleMsMin) return undefined;
  const seconds = Math.floor((now - trouble.since) / 1000);
  const advice =
    trouble.error.reason === 'no-ack'
      ? '. If its disk was full, free some of it and start nats-server again: it does not get over that by itself'
      : '';
  return `NATS is connected and has stored nothing for ${seconds} s (${trouble.error.message})${advice}`;
}

const stopping = () => new AppendError('closed', 'the program is stopping');
const tooLarge = () => new AppendError('too-large', `the facts of one request have more than ${requestBytesMax} bytes`);
const queueFull = () =>
  new AppendError('queue-full', 'too many facts wait to be stored: NATS or the disk of the spool is too slow');

/** Facts of no request, as many to a message as the limits allow. All are sent at once: the caller bounds them. */
function toChunks(facts: readonly (Fact | UnknownFact)[], limits: AppenderLimits): string[][] {
  const chunks: string[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const fact of facts) {
    const text = encodeFact(fact);
    bytes += Buffer.byteLength(text) + 2;
    if (bytes > limits.bytesPerMessageMax || chunks.at(-1)!.length >= limits.requestsPerMessageMax) {
      chunks.push([]);
      bytes = Buffer.byteLength(text) + 2;
    }
    chunks.at(-1)!.push(text);
  }
  return chunks;
}

function promiseDone(chunk: readonly string[], sendChunk: (chunk: Gathered) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const onDone = (error?: AppendError) => (error === undefined ? resolve() : reject(error));
    sendChunk({ body: Buffer.from(joinFacts(chunk)), facts: chunk.length, onDone: [onDone] });
  });
}

function untilEmpty(queued: { onEmpty: () => void }, withinMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, withinMs);
    queued.onEmpty = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

function tellHooks(
  hooks: AppenderHooks | undefined,
  batch: Batch,
  { error, to }: { error?: AppendError | undefined; to: 'stream' | 'spool' },
): void {
  const requests = batch.onDone.length;
  if (error !== undefined) return hooks?.onFailed?.({ requests, reason: error.reason });
  hooks?.onStored?.({
    requests,
    facts: batch.facts,
    bytes: batch.body.length,
    waitedMs: performance.now() - batch.since,
    to,
  });
}
