// Programs start in any order: each waits for what it needs instead of failing, and says what it waits for.
import { setTimeout as sleep } from 'node:timers/promises';

const firstPauseMs = 100;
/** Long enough to cost nothing, short enough that nobody wonders why a program starts late. */
const longestPauseMs = 2_000;

export interface Wait<T> {
  /** What is waited for, for the message: `NATS at nats://127.0.0.1:4222`. */
  what: string;
  /** Resolves with the thing, or throws as long as it is not there. */
  attempt: () => Promise<T>;
  /** Told at the first failure, whenever the cause changes, and at the end of a wait. */
  say: (message: string) => void;
  /** Whether waiting cannot mend it, such as a database of a newer version: then its error ends the wait. */
  isFinal?: (error: unknown) => boolean;
  /** Ends the wait with the signal's reason: the stopper's. */
  signal?: AbortSignal;
}

export async function waitFor<T>({ what, attempt, say, isFinal = () => false, signal }: Wait<T>): Promise<T> {
  let told = '';
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    signal?.throwIfAborted();
    try {
      const found = await attempt();
      if (told !== '') say(`${what} is there`);
      return found;
    } catch (error) {
      if (isFinal(error)) throw error;
      const cause = error instanceof Error ? error.message : String(error);
      if (cause !== told) say(`waiting for ${what}: ${cause}`);
      told = cause;
    }
    await pause(pauseMs, signal);
  }
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    // Aborted: the loop throws the signal's own reason.
  }
}
