// Commits batches, and says what becomes of one that fails. How it goes on:
//
//   together  the whole batch, a few times with growing pauses: most failures are a database that is away for a moment.
//   alone     each message by itself, so that one bad message does not hold up the others. If nothing succeeds it is an
//             outage: all is given back, for a healthy replica or for later.
//   parked    a message that failed alone three times, while others succeeded between its failures, is poison: it goes to
//             the parked messages with its reason, for a person. So does one that `onBatch` names by `makePoison`. A failure
//             that `isOutage` lays to the store accuses nobody: connections that flap fail some and not others.
//
// Nothing is acknowledged before its effect is committed, or before it is parked.
import { setTimeout as delay } from 'node:timers/promises';
import { makeBackoff } from './backoff.js';
import { messageOf } from './causes.js';
import { acknowledge, giveBack } from './delivery.js';
import type { Held, HeldBatch } from './fact-message.js';
import { makeSuspects } from './suspects.js';

export interface SettleHooks {
  onCommitted?: (batch: { messages: number; facts: number; tookMs: number }) => void;
  onFailed?: (reason: string) => void;
}

export interface SettleOptions<Batch> {
  onBatch: (gathered: Batch) => Promise<void>;
  /** Of a part of a batch: what its messages become without the others. */
  regather: (held: readonly Held[]) => Batch;
  park: (held: Held, reason: string) => Promise<void>;
  signal: AbortSignal;
  /** Whether a failure of `onBatch` is a store's that was away: then no message is to blame, however often it happens. */
  isOutage?: ((cause: unknown) => boolean) | undefined;
  hooks?: SettleHooks | undefined;
}

export interface Settling<Batch> {
  /** Never rejects: afterwards each message of the batch is acknowledged, parked or given back. */
  settle: (batch: HeldBatch<Batch>) => Promise<void>;
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
/** So many alone without one success look like an outage. */
const failuresUntilOutage = 3;
/** Before a message that failed alone comes again. */
const retryDelayMs = 1000;

export function makeSettling<Batch>(options: SettleOptions<Batch>): Settling<Batch> {
  const { onBatch, regather, park, signal, isOutage: isAway = () => false, hooks } = options;
  const backoff = makeBackoff({ firstMs: 100, maxMs: 5000 });
  const suspects = makeSuspects();
  let trouble: { reason: string; since: number } | undefined;

  const pause = () => delay(backoff.nextMs(), undefined, { signal }).catch(() => {});

  /** @returns why it failed, or undefined: then the batch is acknowledged. */
  async function commit(batch: readonly Held[], gather: () => Batch): Promise<unknown> {
    const begun = performance.now();
    try {
      await onBatch(gather());
    } catch (cause) {
      trouble = { reason: messageOf(cause), since: trouble?.since ?? Date.now() };
      hooks?.onFailed?.(trouble.reason);
      return cause;
    }
    for (const { msg } of batch) acknowledge(msg);
    suspects.acquit(batch.map(({ sequence }) => sequence));
    trouble = undefined;
    backoff.reset();
    hooks?.onCommitted?.({ messages: batch.length, facts: countFacts(batch), tookMs: performance.now() - begun });
    return undefined;
  }
  /** Not parked, not acknowledged: it comes again and is parked then. */
  const parkOne = (held: Held, cause: unknown) =>
    park(held, messageOf(cause)).catch(() => giveBack(held.msg, retryDelayMs));

  /** @returns what is left of the batch: empty when all of it is committed or parked. */
  async function settleTogether({ held, gathered }: HeldBatch<Batch>): Promise<Held[]> {
    let left = held;
    const gather = () => (left === held ? gathered : regather(left));
    for (let failures = 0; failures < attemptsTogether && left.length > 0 && !signal.aborted;) {
      const cause = await commit(left, gather);
      if (cause === undefined) return [];
      const poisoned = left.find(isPoisonedBy(cause));
      if (poisoned === undefined) {
        failures += 1;
        await pause();
      } else {
        await parkOne(poisoned, cause);
        left = left.filter((one) => one !== poisoned);
      }
    }
    return left;
  }
  async function settleAlone(batch: Held[]): Promise<void> {
    let failures = 0;
    let isOutage = true;
    for (const held of batch) {
      const isHopeless = signal.aborted || (isOutage && failures >= failuresUntilOutage);
      const cause = isHopeless ? undefined : await commit([held], () => regather([held]));
      if (isHopeless) giveBack(held.msg, signal.aborted ? 0 : retryDelayMs);
      else if (cause === undefined) isOutage = false;
      else {
        failures += 1;
        if (!isAway(cause) && suspects.accuse(held.sequence)) await parkOne(held, cause);
        else giveBack(held.msg, retryDelayMs);
      }
    }
    if (isOutage) await pause();
  }

  return {
    settle: async (batch) => {
      const left = await settleTogether(batch);
      if (left.length > 0) await settleAlone(left);
    },
    trouble: () => trouble,
  };
}

const isPoisonedBy = (cause: unknown) => (held: Held) => cause instanceof Poison && cause.sequence === held.sequence;

function countFacts(batch: readonly Held[]): number {
  return batch.reduce((sum, { facts }) => sum + facts, 0);
}
