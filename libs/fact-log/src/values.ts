// Small values that everybody follows, the newest per key, in the KV bucket. A follower reads the bucket's stream from
// where it is, whenever a core message tells of a change, when the connection comes back, and twice a second anyway:
// no consumer on the server that a restart could lose, and a missed hint costs half a second.
import { jetstream, JetStreamApiCodes, JetStreamApiError, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { messageOf } from './causes.js';
import { followConnection } from './connect.js';
import { logNames } from './log-names.js';
import { readLast, readNext } from './stored.js';

export interface FollowValuesOptions {
  prefix?: string | undefined;
  /** `app.*`, or one key. */
  keys: string;
  onValue: (key: string, data: Uint8Array) => void;
  /** All values were read, and there was nothing newer at that moment. */
  onCurrent?: () => void;
  onTrouble?: (reason: string) => void;
}

const pollMs = 500;
/** A bucket that was made anew counts from 1 again; looked for every so many polls that found nothing. */
const pollsUntilLook = 10;

/** @returns a function that ends it. */
export function followValues(
  nc: NatsConnection,
  { prefix, keys, onValue, onCurrent, onTrouble }: FollowValuesOptions,
): () => void {
  const { bucket } = logNames(prefix);
  const stream = `KV_${bucket}`;
  const subject = `$KV.${bucket}.${keys}`;
  let next = 1;
  let polls = 0;
  let isReading = false;
  let isHinted = false;
  let isStopped = false;

  async function readAll(): Promise<void> {
    for (
      let found = await readNext(nc, stream, subject, next);
      found !== undefined;
      found = await readNext(nc, stream, subject, next)
    ) {
      if (isStopped) return;
      next = found.sequence + 1;
      onValue(found.subject.slice(bucket.length + 5), found.data);
    }
    if (++polls % pollsUntilLook === 0) await lookForNewBucket();
    if (!isStopped) onCurrent?.();
  }
  async function lookForNewBucket(): Promise<void> {
    const { state } = await (await jetstreamManager(nc)).streams.info(stream);
    if (state.last_seq + 1 < next) next = 1;
  }
  /** One reading at a time; a hint during one makes another follow, as it may have come too late for it. */
  async function poll(): Promise<void> {
    isHinted = true;
    if (isReading || isStopped) return;
    isReading = true;
    while (isHinted) {
      isHinted = false;
      await readAll().catch((cause: unknown) => onTrouble?.(messageOf(cause)));
    }
    isReading = false;
  }

  const hints = nc.subscribe(subject, { callback: () => void poll() });
  const unfollow = followConnection(nc, ({ up }) => {
    if (up) void poll();
  });
  const timer = setInterval(() => void poll(), pollMs);
  return () => {
    isStopped = true;
    clearInterval(timer);
    unfollow();
    if (!nc.isClosed()) hints.unsubscribe();
  };
}

/**
 * Puts a value unless the bucket has one that `isNewer` refuses: compare and set, so that two writers cannot step back.
 * @returns whether it was put.
 */
export async function putValue(
  nc: NatsConnection,
  {
    prefix,
    key,
    value,
    isNewer,
  }: { prefix?: string | undefined; key: string; value: string; isNewer: (existing: Uint8Array) => boolean },
): Promise<boolean> {
  const { bucket } = logNames(prefix);
  const subject = `$KV.${bucket}.${key}`;
  for (;;) {
    const existing = await readLast(nc, `KV_${bucket}`, subject);
    if (existing !== undefined && existing.data.length > 0 && !isNewer(existing.data)) return false;
    try {
      await jetstream(nc).publish(subject, value, { expect: { lastSubjectSequence: existing?.sequence ?? 0 } });
      return true;
    } catch (cause) {
      // Somebody else put one in between: look again.
      if (!isWrongLastSequence(cause)) throw cause;
    }
  }
}

/** A cluster has a code of its own for two writers at once: it knows before the message is stored that one of them is late. */
function isWrongLastSequence(cause: unknown): boolean {
  const { StreamWrongLastSequence, StreamWrongLastSequenceUnknown } = JetStreamApiCodes;
  const codes: number[] = [StreamWrongLastSequence, StreamWrongLastSequenceUnknown];
  return cause instanceof JetStreamApiError && codes.includes(cause.code);
}
