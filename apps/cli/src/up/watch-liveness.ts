// Whether a process of the platform answers. That it is there says little: one whose event loop or lock hangs keeps its port open
// for ever. It is asked every few seconds, and silent after several questions in a row without an answer.
//
// Questions are counted, not the time since the last answer: when this process itself was held up (a laptop that slept), one
// question may be late, and the next ones are answered.
import { setTimeout as delay } from 'node:timers/promises';

export interface LivenessOptions {
  /** Rejects, or does not end, when nobody answers. */
  ask: (signal: AbortSignal) => Promise<void>;
  /** Called once: the watch is over then. */
  onSilent: (why: string) => void;
  /** The process has ended, or is meant to. */
  signal: AbortSignal;
  /** Others only in tests. */
  times?: { betweenMs: number; patienceMs: number };
}

/** A hang is noticed after 45 s at most, a closed port after 15 s. A busy small machine has answered within 2 s (measured). */
const timesDefault = { betweenMs: 5_000, patienceMs: 10_000 };
const unansweredMax = 3;

/** Resolves when the watch is over. */
export async function watchLiveness(options: LivenessOptions): Promise<void> {
  const { ask, onSilent, signal, times = timesDefault } = options;
  let unanswered = 0;
  while (await isStillWanted(times.betweenMs, signal)) {
    const why = await askOnce(ask, signal, times.patienceMs);
    if (signal.aborted) return;
    unanswered = why === undefined ? 0 : unanswered + 1;
    if (unanswered === unansweredMax) return onSilent(why!);
  }
}

async function isStillWanted(afterMs: number, signal: AbortSignal): Promise<boolean> {
  return delay(afterMs, true, { signal }).catch(() => false);
}

/** @returns why there was no answer; undefined when there was one */
async function askOnce(
  ask: LivenessOptions['ask'],
  ended: AbortSignal,
  patienceMs: number,
): Promise<string | undefined> {
  const late = AbortSignal.timeout(patienceMs);
  const over = AbortSignal.any([late, ended]);
  const aborted = Promise.withResolvers<never>();
  over.addEventListener('abort', () => aborted.reject(over.reason), { once: true });
  aborted.promise.catch(() => {});
  try {
    await Promise.race([ask(over), aborted.promise]);
    return undefined;
  } catch (error) {
    return late.aborted ? `no answer within ${patienceMs / 1000} s` : wordsOf(error);
  }
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
