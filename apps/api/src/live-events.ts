// The live stream: one reader of the log per process, whoever listens. A listener that comes back with its last event's id
// first gets what it missed, from the log, while what is new waits for it; then both are one stream without a gap.
//
// A listener is catching up until its own reader has passed what it missed; then live; over for one of the reasons of
// `StreamEnd`. Ending is no loss: it comes back with its last id.
import { readFacts, type NatsConnection, type ReadMessage } from '@platte/fact-log';
import type { Fact } from '@platte/facts';
import type { Log } from '@platte/service';
import { makeWaitingLine, type WaitingLine, waitingMaxDefault } from './waiting-line.js';

export interface LiveEvent {
  /** `sequence.index.stream`: where the fact is in the log, and when that was created. */
  id: string;
  fact: Fact;
}

/**
 * `too-slow`: more waited for it than may. `log-lost`: the reader of the log broke. `gone`: what it missed was purged while
 * it began. `over`: its signal said so.
 */
export type LiveEnd = 'too-slow' | 'log-lost' | 'gone' | 'over';

export interface Listener {
  /** What it wants to hear. */
  wants: (fact: Fact) => boolean;
  /** The last event that it has; undefined begins now. */
  after: Place | undefined;
  signal: AbortSignal;
  /** Told at once when there will be no more, also while nobody takes what was given. */
  onEnd?: () => void;
}

export interface Place {
  sequence: number;
  index: number;
  /** When the stream of `sequence` was created (ms); undefined in ids of the version before. */
  stream?: number | undefined;
}

export interface LiveEvents {
  listen(listener: Listener): AsyncGenerator<LiveEvent, LiveEnd, undefined>;
  /** How many listen now. */
  count(): number;
}

interface Hub {
  nc: () => NatsConnection | undefined;
  prefix: string | undefined;
  log: Log;
  /** Facts that wait for one listener at most. */
  waitingMax?: number | undefined;
}

export function parsePlace(id: string): Place | undefined {
  const [, sequence, index, stream] = /^(\d{1,15})\.(\d{1,6})(?:\.(\d{1,15}))?$/.exec(id) ?? [];
  if (sequence === undefined) return undefined;
  return {
    sequence: Number(sequence),
    index: Number(index),
    stream: stream === undefined ? undefined : Number(stream),
  };
}

export function makeLiveEvents({ nc, prefix, log, waitingMax = waitingMaxDefault }: Hub): LiveEvents {
  const lines = new Set<WaitingLine>();
  let reading: AbortController | undefined;

  async function read(connection: NatsConnection, stop: AbortController): Promise<void> {
    try {
      const messages = readFacts(connection, { from: 'new', prefix, signal: stop.signal });
      for await (const message of messages) for (const line of lines) line.put(message);
    } catch (error) {
      log.warn({ err: error }, 'the live stream broke: those who listen come back by themselves');
      for (const line of lines) line.end('log-lost');
    }
    if (reading === stop) reading = undefined;
  }

  function join(connection: NatsConnection, line: WaitingLine): void {
    lines.add(line);
    if (reading) return;
    reading = new AbortController();
    void read(connection, reading);
  }

  function leave(line: WaitingLine): void {
    lines.delete(line);
    if (lines.size > 0) return;
    reading?.abort();
    reading = undefined;
  }

  /** @returns the last place that it has now; 'gone' when the first that it missed is not there */
  async function* catchUp(connection: NatsConnection, { after, wants, signal }: Listener, line: WaitingLine) {
    let seen = after;
    if (!after) return seen;
    for await (const message of readFacts(connection, { from: after.sequence, prefix, signal })) {
      if (seen === after && message.sequence !== after.sequence) return 'gone' as const;
      yield* pick(message, seen, wants);
      seen = { sequence: message.sequence, index: message.facts.length, stream: message.createdAt };
      if (line.isPast(message.sequence)) break;
    }
    return seen;
  }

  return {
    count: () => lines.size,
    async *listen(listener) {
      const { wants, signal, onEnd } = listener;
      const connection = nc();
      if (!connection) return 'log-lost';
      const line = makeWaitingLine({ signal, max: waitingMax, onEnd });
      join(connection, line);
      try {
        const seen = yield* catchUp(connection, listener, line);
        if (seen === 'gone') return 'gone';
        line.keepAll();
        for (let message = await line.take(); message; message = await line.take()) yield* pick(message, seen, wants);
        return line.ended() ?? 'over';
      } finally {
        leave(line);
      }
    },
  };
}

function* pick(
  { sequence, facts, createdAt }: ReadMessage,
  seen: Place | undefined,
  wants: Listener['wants'],
): Generator<LiveEvent> {
  // What a listener has seen of another stream says nothing of this one.
  const last = seen?.stream === undefined || seen.stream === createdAt ? seen : undefined;
  if (last && sequence < last.sequence) return;
  const first = last?.sequence === sequence ? last.index + 1 : 0;
  for (const [index, fact] of facts.entries())
    if (index >= first && wants(fact)) yield { id: `${sequence}.${index}.${createdAt}`, fact };
}
