// Gathers what one turn of the event loop appends into one message. A message that is full leaves at once.
import type { AppendError } from './append-error.js';

/** The facts of one message as JSON texts, each part whole facts of one request, and whom to tell. */
export interface Gathered {
  parts: string[];
  facts: number;
  bytes: number;
  onDone: ((error?: AppendError) => void)[];
}

export interface Gathering {
  add: (text: string, facts: number, bytes: number, onDone: (error?: AppendError) => void) => void;
  /** Sends what is gathered now, without waiting for the end of the turn. */
  flush: () => void;
  requests: () => number;
  bytes: () => number;
}

/** The brackets around the list. */
const emptyBytes = 2;

export const makeGathered = (): Gathered => ({ parts: [], facts: 0, bytes: emptyBytes, onDone: [] });

export function makeGathering(
  limits: { requestsPerMessageMax: number; bytesPerMessageMax: number },
  send: (full: Gathered) => void,
): Gathering {
  let turn = makeGathered();
  let endOfTurn: NodeJS.Immediate | undefined;

  function flush(): void {
    clearImmediate(endOfTurn);
    endOfTurn = undefined;
    const full = turn;
    turn = makeGathered();
    if (full.onDone.length > 0) send(full);
  }
  return {
    add: (text, facts, bytes, onDone) => {
      if (turn.bytes + bytes > limits.bytesPerMessageMax) flush();
      turn.parts.push(text);
      turn.facts += facts;
      turn.bytes += bytes;
      turn.onDone.push(onDone);
      if (turn.onDone.length >= limits.requestsPerMessageMax) flush();
      else endOfTurn ??= setImmediate(flush);
    },
    flush,
    requests: () => turn.onDone.length,
    bytes: () => turn.bytes,
  };
}
