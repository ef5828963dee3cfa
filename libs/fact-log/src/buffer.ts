// Messages that arrived and are not yet handed over. It decides when a batch is one: by facts, by the age of its first, or
// because no more may wait.
import { makeBell } from './bell.js';
import type { Held } from './fact-message.js';

export interface Buffer {
  put: (held: Held) => void;
  /** The next batch, at least one message; empty once closed. */
  take: () => Promise<Held[]>;
  /** How many messages may be asked for: resolves when that is one at least, or when closed. */
  room: () => Promise<number>;
  waiting: () => readonly Held[];
  close: () => void;
}

export interface BufferLimits {
  batchFactsMax: number;
  batchDelayMs: number;
  /** How old the first of many may become: of a tenth of `batchFactsMax` or more. Not less than `batchDelayMs`. */
  busyDelayMs: number;
  /** What may wait; decoded, facts take about four times their bytes. */
  messagesMax: number;
  bytesMax: number;
}

export function makeBuffer(limits: BufferLimits): Buffer {
  let waiting: Held[] = [];
  let facts = 0;
  let bytes = 0;
  let isClosed = false;
  const arrival = makeBell();
  const departure = makeBell();

  const isEmpty = () => waiting.length === 0 && !isClosed;
  const isCrowded = () => waiting.length >= limits.messagesMax || bytes >= limits.bytesMax;
  const isFull = () => facts >= limits.batchFactsMax || isCrowded() || isClosed;
  const hasNoRoom = () => isCrowded() && !isClosed;

  async function untilRipe(): Promise<void> {
    while (isEmpty()) await arrival.heard();
    await untilFullOr(limits.batchDelayMs);
    if (facts >= limits.batchFactsMax / 10) await untilFullOr(limits.busyDelayMs - limits.batchDelayMs);
  }
  async function untilFullOr(delayMs: number): Promise<void> {
    const wait = { isOver: delayMs <= 0 };
    const timer = setTimeout(() => {
      wait.isOver = true;
      arrival.ring();
    }, delayMs);
    while (!isFull() && !wait.isOver) await arrival.heard();
    clearTimeout(timer);
  }
  function cut(): Held[] {
    let taken = 0;
    let count = 0;
    while (count < waiting.length && (count === 0 || taken + factsOf(waiting[count]!) <= limits.batchFactsMax)) {
      taken += factsOf(waiting[count++]!);
    }
    const batch = waiting.slice(0, count);
    waiting = waiting.slice(count);
    facts -= taken;
    for (const { msg } of batch) bytes -= msg.data.length;
    return batch;
  }

  return {
    put: (held) => {
      waiting.push(held);
      facts += factsOf(held);
      bytes += held.msg.data.length;
      arrival.ring();
    },
    take: async () => {
      await untilRipe();
      if (isClosed) return [];
      const batch = cut();
      departure.ring();
      return batch;
    },
    room: async () => {
      while (hasNoRoom()) await departure.heard();
      return limits.messagesMax - waiting.length;
    },
    waiting: () => waiting,
    close: () => {
      isClosed = true;
      arrival.ring();
      departure.ring();
    },
  };
}

function factsOf({ message }: Held): number {
  return message.facts.length + message.unknown.length;
}
