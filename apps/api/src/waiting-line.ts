// What is new in the log, for one listener of the live stream: without gaps from its first message on, and never more than
// `max` facts. While the listener catches up the oldest message makes room, as it reads that from the log itself; once it
// relies on the line, too much ends it, and what waited is let go at once.
import type { ReadMessage } from '@platte/fact-log';

/**
 * Some 20 MB as they are in memory. All lines of a process hold the same messages, so that a hundred readers that stall cost
 * no more than one; five minutes of a busy fleet that nobody reads are more than this.
 */
export const waitingMaxDefault = 20_000;

export interface WaitingLine {
  put(message: ReadMessage): void;
  /** Whether it holds this message or an older one, so that all that follows is in it; or whether nothing will follow. */
  isPast(sequence: number): boolean;
  /** From now on too much ends it. */
  keepAll(): void;
  end(why: LineEnd): void;
  /** The next message; undefined when there will be none any more. */
  take(): Promise<ReadMessage | undefined>;
  ended(): LineEnd | undefined;
}

export type LineEnd = 'too-slow' | 'log-lost';

interface Needs {
  signal: AbortSignal;
  max: number;
  onEnd?: (() => void) | undefined;
}

export function makeWaitingLine({ signal, max, onEnd = () => {} }: Needs): WaitingLine {
  const waiting: ReadMessage[] = [];
  let facts = 0;
  const state: { keepsAll: boolean; ended: LineEnd | undefined } = { keepsAll: false, ended: undefined };
  let bell = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => bell.resolve(), { once: true });

  function shift(): ReadMessage | undefined {
    const message = waiting.shift();
    facts -= message?.facts.length ?? 0;
    return message;
  }

  function end(why: LineEnd): void {
    if (state.ended !== undefined) return;
    state.ended = why;
    waiting.length = 0;
    facts = 0;
    bell.resolve();
    onEnd();
  }

  return {
    put(message) {
      if (state.ended !== undefined) return;
      waiting.push(message);
      facts += message.facts.length;
      // One message is never too much: it could not be told otherwise.
      while (facts > max && waiting.length > 1 && !state.keepsAll) shift();
      if (facts > max && waiting.length > 1) return end('too-slow');
      bell.resolve();
    },
    isPast: (sequence) => state.ended !== undefined || (waiting[0] !== undefined && waiting[0].sequence <= sequence),
    keepAll: () => void (state.keepsAll = true),
    end,
    async take() {
      while (waiting.length === 0 && state.ended === undefined && !signal.aborted) {
        await bell.promise;
        bell = Promise.withResolvers<void>();
      }
      return signal.aborted ? undefined : shift();
    },
    ended: () => state.ended,
  };
}
