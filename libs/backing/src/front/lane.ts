// So many at a time, so many waiting, and a word to the rest.
import { ClickhouseError } from './clickhouse-error.js';

export interface Lane {
  /** Runs `work` when its turn comes; it leaves the queue when the signal says that nobody waits for it any more. */
  run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>;
}

export function makeLane(runningMax: number, waitingMax: number): Lane {
  let running = 0;
  const waiting = new Set<() => void>();

  async function enter(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw cancelled();
    if (running < runningMax) running++;
    else await turn(signal);
  }

  /** The place goes straight to who waits longest, so that nobody can slip in between. */
  function leave(): void {
    const [next] = waiting;
    if (next === undefined) running--;
    else next();
  }

  function turn(signal: AbortSignal): Promise<void> {
    if (waiting.size >= waitingMax) throw tooMany(runningMax, waitingMax);
    return new Promise((resolve, reject) => {
      const settle = (end: () => void): void => {
        waiting.delete(start);
        signal.removeEventListener('abort', stop);
        end();
      };
      const start = (): void => settle(resolve);
      const stop = (): void => settle(() => reject(cancelled()));
      waiting.add(start);
      signal.addEventListener('abort', stop, { once: true });
    });
  }

  async function run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await enter(signal);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  return { run };
}

function cancelled(): ClickhouseError {
  return new ClickhouseError(394, 'QUERY_WAS_CANCELLED', 'Query was cancelled');
}

function tooMany(runningMax: number, waitingMax: number): ClickhouseError {
  const what = `Too many simultaneous queries: ${runningMax} run and ${waitingMax} wait, which is the maximum`;
  return new ClickhouseError(202, 'TOO_MANY_SIMULTANEOUS_QUERIES', what);
}
