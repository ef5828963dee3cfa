// Commits batches, and says what becomes of one that fails. How it goes on:
//
//   together  the whole batch, a few times with growing pauses: most failures are a database that is away for a moment.
//   alone     each message by itself, so that one bad message does not hold up the others. If nothing succeeds it is an
//             outage: all is given back, for a healthy replica or for later.
//   parked    a message that failed alone three times, while others succeeded between its failures, is poison: it goes to
//             the parked messages with its reason, for a person. So does one that `onBatch` names by `makePoison`.
//
// Nothing is acknowledged before its effect is committed, or before it is parked.
import { setTimeout as delay } from 'node:timers/promises';
import { makeBackoff } from './backoff.js';
import type { Held } from './buffer.js';
import { messageOf } from './causes.js';
import { acknowledge, giveBack } from './delivery.js';
import type { FactMessage } from './follow.js';

export interface SettleHooks {
  onCommitted?: (batch: { messages: number; facts: number; tookMs: number }) => void;
  onFailed?: (reason: string) => void;
}

export interface SettleOptions {
  onBatch: (messages: FactMessage[]) => Promise<void>;
  park: (held: Held, reason: string) => Promise<void>;
  signal: AbortSignal;
  hooks?: SettleHooks | undefined;
}

export interface Settling {
  /** Never rejects: afterwards each message of the batch is acknowledged, parked or given back. */
  settle: (batch: Held[]) => Promise<void>;
  trouble: () => { reason: string; since: number } | undefined;
}

/** Thrown by `onBatch`: this message can never be applied; the rest of its batch is offered again without it. */
export function makePoison(sequence: number, reason: string): Error {
  return new Poison(sequence, reason);
}

class Poison extends Error {
  readonly sequence: number;

  constructor(sequence: number, reason: string) {
    super(reason);
    this.sequence = sequence;
  }
}

const attemptsTogether = 3;
const failuresUntilParked = 3;
/** So many alone without one success look like an outage. */
const failuresUntilOutage = 3;
/** Suspects that are remembered: one that is forgotten is only parked later. */
const suspectsMax = 1000;

export function makeSettling({ onBatch, park, signal, hooks }: SettleOptions): Settling {
  const backoff = makeBackoff({ firstMs: 100, maxMs: 5000 });
  const suspects = new Map<number, { failures: number; successes: number }>();
  let successes = 0;
  let trouble: { reason: string; since: number } | undefined;

  async function commit(batch: Held[]): Promise<unknown> {
    const begun = performance.now();
    const messages = batch.map(({ message }) => message);
    try {
      await onBatch(messages);
    } catch (cause) {
      trouble = { reason: messageOf(cause), since: trouble?.since ?? Date.now() };
      hooks?.onFailed?.(trouble.reason);
      return cause;
    }
    for (const { msg, message } of batch) {
      acknowledge(msg);
      suspects.delete(message.sequence);
    }
    successes += 1;
    trouble = undefined;
    backoff.reset();
    const facts = messages.reduce((sum, message) => sum + message.facts.length + message.unknown.length, 0);
    hooks?.onCommitted?.({ messages: messages.length, facts, tookMs: performance.now() - begun });
    return undefined;
  }
  async function parkOne(held: Held, reason: string): Promise<void> {
    suspects.delete(held.message.sequence);
    // Not parked, not acknowledged: it comes again and is parked then.
    await park(held, reason).catch(() => giveBack(held.msg, 5000));
  }
  async function pause(): Promise<number> {
    const waitMs = backoff.nextMs();
    await delay(waitMs, undefined, { signal }).catch(() => {});
    return waitMs;
  }
  /** @returns what is left of the batch: empty when it is committed. */
  async function settleTogether(batch: Held[]): Promise<Held[]> {
    let left = batch;
    for (let attempt = 0; attempt < attemptsTogether && left.length > 0 && !signal.aborted; attempt++) {
      const cause = await commit(left);
      if (cause === undefined) return [];
      const poisoned =
        cause instanceof Poison ? left.find(({ message }) => message.sequence === cause.sequence) : undefined;
      if (poisoned === undefined) {
        await pause();
        continue;
      }
      await parkOne(poisoned, messageOf(cause));
      left = left.filter((held) => held !== poisoned);
      attempt = -1;
    }
    return left;
  }
  async function settleAlone(batch: Held[]): Promise<void> {
    let failures = 0;
    let isOutage = true;
    for (const held of batch) {
      const isHopeless = signal.aborted || (isOutage && failures >= failuresUntilOutage);
      const cause = isHopeless ? 'given back' : await commit([held]);
      if (cause === undefined) isOutage = false;
      else if (isHopeless) giveBack(held.msg, signal.aborted ? 0 : 1000);
      else {
        failures += 1;
        await suspect(held, messageOf(cause));
      }
    }
    if (isOutage && !signal.aborted) await pause();
  }
  async function suspect(held: Held, reason: string): Promise<void> {
    const { sequence } = held.message;
    const before = suspects.get(sequence) ?? { failures: 0, successes: -1 };
    const failures = before.successes < successes ? before.failures + 1 : before.failures;
    if (failures >= failuresUntilParked) return parkOne(held, reason);
    if (suspects.size >= suspectsMax) suspects.clear();
    suspects.set(sequence, { failures, successes });
    giveBack(held.msg, 1000);
  }

  return {
    settle: async (batch) => {
      const left = await settleTogether(batch);
      if (left.length > 0) await settleAlone(left);
    },
    trouble: () => trouble,
  };
}
