// A statement that may take minutes, over a connection that may fall silent: nobody could tell one from the other by waiting.
// ClickHouse is asked over other connections whether it still works on it. The statement is given up
//
//   - when ClickHouse does not answer three looks;
//   - when ClickHouse does not work on it for a minute, and its answer does not come: the connection is dead. A minute, because
//     a statement may wait for its turn, and a balancer may lead a look to another server.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

export interface Watching {
  /** Sends it under this query id. Aborted, it must end at once. */
  send: (queryId: string, signal: AbortSignal) => Promise<unknown>;
  /** Whether ClickHouse works on it. @throws when it does not answer */
  isWorkedOn: (queryId: string) => Promise<boolean>;
  secondsMax: number;
  /** Between two looks. */
  lookMs: number;
}

const silentLooksMax = 3;
const idleLooksMax = 12;

export async function runWatched({ send, isWorkedOn, secondsMax, lookMs }: Watching): Promise<void> {
  const queryId = randomUUID();
  const done = new AbortController();
  const giveUp = new AbortController();
  const late = setTimeout(
    () => giveUp.abort(new NoAnswer(`ClickHouse did not answer within ${secondsMax} s`)),
    secondsMax * 1000,
  );
  const onVain = (reason: string): void => giveUp.abort(new NoAnswer(reason));
  void watch({ isWorkedOn: () => isWorkedOn(queryId), lookMs, done: done.signal, onVain });
  try {
    await send(queryId, giveUp.signal);
  } catch (cause) {
    throw giveUp.signal.aborted ? giveUp.signal.reason : cause;
  } finally {
    clearTimeout(late);
    done.abort();
  }
}

interface Watch {
  isWorkedOn: () => Promise<boolean>;
  lookMs: number;
  done: AbortSignal;
  /** There is nothing to wait for any more. */
  onVain: (reason: string) => void;
}

async function watch({ isWorkedOn, lookMs, done, onVain }: Watch): Promise<void> {
  let silent = 0;
  let idle = 0;
  for (;;) {
    await delay(lookMs, undefined, { signal: done, ref: false }).catch(() => {});
    if (done.aborted) return;
    const isBusy = await isWorkedOn().catch(() => undefined);
    silent = isBusy === undefined ? silent + 1 : 0;
    idle = isBusy === false ? idle + 1 : 0;
    if (silent >= silentLooksMax) return onVain('ClickHouse does not answer');
    if (idle >= idleLooksMax) return onVain('ClickHouse does not work on a statement, and its answer does not come');
  }
}

/** The server took a statement and said nothing: it hangs, or the network swallows what it says. */
export class NoAnswer extends Error {
  readonly code = 'ETIMEDOUT';
}
