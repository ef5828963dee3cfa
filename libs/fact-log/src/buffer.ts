// Messages that arrived and are not yet handed over. It decides when a batch is one: by facts, or by the age of its first.
import type { Msg } from '@nats-io/transport-node';
import type { FactMessage } from './follow.js';

/** A message in our hands: ours to acknowledge or give back. */
export interface Held {
  msg: Msg;
  message: FactMessage;
}

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
  messagesMax: number;
}

export function makeBuffer(limits: BufferLimits): Buffer {
  let waiting: Held[] = [];
  let facts = 0;
  let isClosed = false;
  let onPut = (): void => {};
  let onTaken = (): void => {};

  const isFull = () => facts >= limits.batchFactsMax || waiting.length >= limits.messagesMax;
  const untilPut = () => new Promise<void>((resolve) => (onPut = resolve));

  async function untilRipe(): Promise<void> {
    while (waiting.length === 0 && !isClosed) await untilPut();
    let isDue = false;
    const timer = setTimeout(() => {
      isDue = true;
      onPut();
    }, limits.batchDelayMs);
    while (!isFull() && !isDue && !isClosed) await untilPut();
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
    return batch;
  }

  return {
    put: (held) => {
      waiting.push(held);
      facts += factsOf(held);
      onPut();
    },
    take: async () => {
      await untilRipe();
      if (isClosed) return [];
      const batch = cut();
      onTaken();
      return batch;
    },
    room: async () => {
      while (waiting.length >= limits.messagesMax && !isClosed)
        await new Promise<void>((resolve) => (onTaken = resolve));
      return limits.messagesMax - waiting.length;
    },
    waiting: () => waiting,
    close: () => {
      isClosed = true;
      onPut();
      onTaken();
    },
  };
}

function factsOf({ message }: Held): number {
  return message.facts.length + message.unknown.length;
}
