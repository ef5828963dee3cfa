// Moves the spool into the stream, oldest segment first, each record with the message id that it had at its first try.
// A segment is removed when all of it is acknowledged. A process that dies before that sends the segment again: the server
// recognises the ids for 20 minutes, and after that the facts' identities make a second copy harmless.
import { setTimeout as delay } from 'node:timers/promises';
import type { AckedPublisher } from './acked-publisher.js';
import type { AppendError } from './append-error.js';
import { makeBackoff } from './backoff.js';
import { makeBell } from './bell.js';
import { messageOf } from './causes.js';
import type { Spool, SpoolRecord } from './spool.js';

export interface Drain {
  /** There may be something to do: the spool got a record, or the connection came back. */
  wake: () => void;
  stop: () => Promise<void>;
}

export interface DrainOptions {
  spool: Spool;
  /** Undefined while NATS is away. */
  publisher: () => AckedPublisher | undefined;
  onSegment: (messages: number) => void;
  onFailed: () => void;
  say?: ((line: string) => void) | undefined;
}

/** Messages in flight while draining: more is not faster (8 MiB segments of 512 KiB messages at most). */
const windowMessages = 64;

export function makeDrain({ spool, publisher, onSegment, onFailed, say }: DrainOptions): Drain {
  const stopping = new AbortController();
  const backoff = makeBackoff({ firstMs: 100, maxMs: 5000 });
  const bell = makeBell();

  const isReady = (): boolean => !spool.isEmpty() && publisher() !== undefined;
  async function untilReady(): Promise<void> {
    while (!isReady() && !stopping.signal.aborted) await bell.heard();
  }
  async function drainSegment(): Promise<void> {
    const segment = await spool.readOldest();
    if (segment === undefined) return;
    await publishAll(segment.records, publisher, stopping.signal);
    await spool.removeOldest(segment);
    backoff.reset();
    onSegment(segment.records.length);
  }
  async function run(): Promise<void> {
    for (;;) {
      await untilReady();
      if (stopping.signal.aborted) return;
      try {
        await drainSegment();
      } catch (cause) {
        if (stopping.signal.aborted) return;
        const waitMs = backoff.nextMs();
        say?.(`the spool waits ${Math.round(waitMs)} ms: ${messageOf(cause)}`);
        onFailed();
        await delay(waitMs, undefined, { signal: stopping.signal }).catch(() => {});
      }
    }
  }

  const running = run();
  return {
    wake: bell.ring,
    stop: async () => {
      stopping.abort();
      bell.ring();
      await running;
    },
  };
}

/** Publishes in order, a window at a time; rejects at the first failure once nothing of it is in flight any more. */
async function publishAll(
  records: readonly SpoolRecord[],
  publisher: DrainOptions['publisher'],
  signal: AbortSignal,
): Promise<void> {
  for (let from = 0; from < records.length; from += windowMessages) {
    signal.throwIfAborted();
    const answers = await Promise.all(
      records.slice(from, from + windowMessages).map((record) => publishOne(publisher(), record)),
    );
    const failed = answers.find((error) => error !== undefined);
    if (failed !== undefined) throw failed;
  }
}

function publishOne(
  publisher: AckedPublisher | undefined,
  record: SpoolRecord,
): Promise<AppendError | Error | undefined> {
  if (publisher === undefined) return Promise.resolve(new Error('there is no connection to NATS'));
  return new Promise((resolve) => publisher.publish(record, resolve));
}
