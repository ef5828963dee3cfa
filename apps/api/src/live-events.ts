// The live stream: one reader of the log per process, whoever listens. A listener that comes back with its last event's id
// first gets what it missed, from the log, while what is new waits for it; then both are one stream without a gap.
//
// A listener is catching up until its own reader has passed what it missed; then live; ended when it reads too slowly (its
// queue is full), when its time is over, or when the client is gone. Ending is no loss: it comes back with its last id.
import { readFacts, type NatsConnection, type ReadMessage } from '@platte/fact-log';
import type { Fact } from '@platte/facts';
import type { Log } from '@platte/service';

export interface LiveEvent {
  /** `sequence.index`: where the fact is in the log. */
  id: string;
  fact: Fact;
}

export interface Listener {
  /** What it wants to hear. */
  wants: (fact: Fact) => boolean;
  /** The last event that it has; undefined begins now. */
  after: Place | undefined;
  signal: AbortSignal;
}

export interface Place {
  sequence: number;
  index: number;
}

export interface LiveEvents {
  listen(listener: Listener): AsyncGenerator<LiveEvent, void, undefined>;
  /** How many listen now. */
  count(): number;
}

/** Messages that wait for one listener; one that is this far behind comes back. They are shared: all hold the same ones. */
const waitingMax = 1000;

interface Hub {
  nc: () => NatsConnection | undefined;
  prefix: string | undefined;
  log: Log;
}

export function parsePlace(id: string): Place | undefined {
  const [, sequence, index] = /^(\d{1,15})\.(\d{1,6})$/.exec(id) ?? [];
  return sequence === undefined ? undefined : { sequence: Number(sequence), index: Number(index) };
}

export function makeLiveEvents({ nc, prefix, log }: Hub): LiveEvents {
  const queues = new Set<Queue>();
  let reading: AbortController | undefined;

  async function read(connection: NatsConnection, stop: AbortController): Promise<void> {
    try {
      const messages = readFacts(connection, { from: 'new', prefix, signal: stop.signal });
      for await (const message of messages) for (const queue of queues) queue.put(message);
    } catch (error) {
      log.warn({ err: error }, 'the live stream broke: those who listen come back by themselves');
      for (const queue of queues) queue.end();
    }
    if (reading === stop) reading = undefined;
  }

  function leave(queue: Queue): void {
    queues.delete(queue);
    if (queues.size > 0) return;
    reading?.abort();
    reading = undefined;
  }

  return {
    count: () => queues.size,
    async *listen({ wants, after, signal }) {
      const connection = nc();
      if (!connection) return;
      const queue = makeQueue(signal);
      queues.add(queue);
      if (!reading) {
        reading = new AbortController();
        void read(connection, reading);
      }
      try {
        let seen = after;
        if (after) {
          for await (const message of readFacts(connection, { from: after.sequence, prefix, signal })) {
            yield* pick(message, seen, wants);
            seen = { sequence: message.sequence, index: message.facts.length };
            if (queue.isPast(message.sequence)) break;
          }
        }
        queue.keepAll();
        for (let message = await queue.take(); message; message = await queue.take()) yield* pick(message, seen, wants);
      } finally {
        leave(queue);
      }
    },
  };
}

function* pick(
  { sequence, facts }: ReadMessage,
  seen: Place | undefined,
  wants: Listener['wants'],
): Generator<LiveEvent> {
  if (seen && sequence < seen.sequence) return;
  const first = seen?.sequence === sequence ? seen.index + 1 : 0;
  for (const [index, fact] of facts.entries())
    if (index >= first && wants(fact)) yield { id: `${sequence}.${index}`, fact };
}

/** What is new, for one listener: without gaps from its first message on. */
interface Queue {
  put(message: ReadMessage): void;
  /** Whether it holds this message or an older one: then all that follows is in it. */
  isPast(sequence: number): boolean;
  /** From now on a full queue ends the listener; before, while it catches up, the oldest message makes room. */
  keepAll(): void;
  end(): void;
  /** The next message; undefined when there will be none any more. */
  take(): Promise<ReadMessage | undefined>;
}

function makeQueue(signal: AbortSignal): Queue {
  const waiting: ReadMessage[] = [];
  const state = { keepsAll: false, isEnding: false };
  let bell = Promise.withResolvers<void>();
  const ring = (): void => bell.resolve();
  signal.addEventListener('abort', ring, { once: true });
  return {
    put(message) {
      if (waiting.length >= waitingMax && state.keepsAll) state.isEnding = true;
      if (waiting.length >= waitingMax && !state.keepsAll) waiting.shift();
      if (!state.isEnding) waiting.push(message);
      ring();
    },
    isPast: (sequence) => waiting[0] !== undefined && waiting[0].sequence <= sequence,
    keepAll: () => void (state.keepsAll = true),
    end() {
      state.isEnding = true;
      ring();
    },
    async take() {
      while (waiting.length === 0 && !state.isEnding && !signal.aborted) {
        await bell.promise;
        bell = Promise.withResolvers<void>();
      }
      return signal.aborted ? undefined : waiting.shift();
    },
  };
}
