// Messages that arrived and are not yet handed over. It decides when a batch is one: by facts, by the age of its first, or
// because no more may wait.
import { makeBell } from './bell.js';
import type { FactMessage, Gather, Held, HeldBatch } from './fact-message.js';

export interface Buffer<Batch> {
  /** @throws Error when the message cannot be gathered: then it is not held. */
  put: (held: Held, message: FactMessage) => void;
  /** The next batch, at least one message; undefined once closed. */
  take: () => Promise<HeldBatch<Batch> | undefined>;
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
  /** What may wait. */
  messagesMax: number;
  bytesMax: number;
}

export function makeBuffer<Batch>(limits: BufferLimits, gather: Gather<Batch>): Buffer<Batch> {
  /** Those that are full, and the one that grows. */
  const full: HeldBatch<Batch>[] = [];
  let open: HeldBatch<Batch> | undefined;
  const total = { messages: 0, bytes: 0 };
  let facts = 0;
  let isClosed = false;
  const arrival = makeBell();
  const departure = makeBell();

  const isEmpty = () => total.messages === 0 && !isClosed;
  const isCrowded = () => total.messages >= limits.messagesMax || total.bytes >= limits.bytesMax;
  const isFull = () => full.length > 0 || facts >= limits.batchFactsMax || isCrowded() || isClosed;
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
  function closeOpen(): HeldBatch<Batch>[] {
    const closed = open === undefined ? [] : [open];
    open = undefined;
    facts = 0;
    return closed;
  }

  return {
    put: (held, message) => {
      if (open !== undefined && open.held.length > 0 && facts + held.facts > limits.batchFactsMax)
        full.push(...closeOpen());
      // Begun with its first message, however long after the one before: what it is begun with is of now.
      open ??= { held: [], gathered: gather.begin() };
      gather.put(open.gathered, message);
      open.held.push(held);
      facts += held.facts;
      total.messages += 1;
      total.bytes += held.msg.data.length;
      arrival.ring();
    },
    take: async () => {
      await untilRipe();
      if (isClosed) return undefined;
      if (full.length === 0) full.push(...closeOpen());
      const batch = full.shift()!;
      total.messages -= batch.held.length;
      for (const { msg } of batch.held) total.bytes -= msg.data.length;
      departure.ring();
      return batch;
    },
    room: async () => {
      while (hasNoRoom()) await departure.heard();
      return limits.messagesMax - total.messages;
    },
    waiting: () => [...full.flatMap(({ held }) => held), ...(open?.held ?? [])],
    close: () => {
      isClosed = true;
      arrival.ring();
      departure.ring();
    },
  };
}
