// Waits that double up to a bound, each with up to a quarter of chance, so that replicas do not retry in step.
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from './causes.js';

export interface Backoff {
  nextMs: () => number;
  reset: () => void;
}

export function makeBackoff({ firstMs, maxMs }: { firstMs: number; maxMs: number }): Backoff {
  let plainMs = firstMs;
  return {
    nextMs: () => {
      const waitMs = plainMs * (0.75 + Math.random() / 4);
      plainMs = Math.min(plainMs * 2, maxMs);
      return waitMs;
    },
    reset: () => {
      plainMs = firstMs;
    },
  };
}

/** Tries until it succeeds, saying what it waits for at once and then at every doubling. @throws the signal's reason when aborted. */
export async function retryForever<T>(
  {
    waitingFor,
    say,
    signal,
    isFinal,
  }: {
    waitingFor: string;
    say: (line: string) => void;
    signal?: AbortSignal | undefined;
    isFinal?: (cause: unknown) => boolean;
  },
  attemptOnce: () => Promise<T>,
): Promise<T> {
  const backoff = makeBackoff({ firstMs: 100, maxMs: 5000 });
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      const result = await attemptOnce();
      if (attempt > 1) say(`${waitingFor}: here`);
      return result;
    } catch (cause) {
      if (isFinal?.(cause) === true) throw cause;
      if (Number.isInteger(Math.log2(attempt))) say(`waiting for ${waitingFor}: ${messageOf(cause)}`);
    }
    // Aborted, the loop throws the signal's own reason: a program that is told to stop knows that one.
    await delay(backoff.nextMs(), undefined, { signal }).catch(() => {});
  }
}
