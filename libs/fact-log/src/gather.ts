// Gathers what one turn of the event loop appends into one message. A message that is full leaves at once.
//
// Texts are written into one buffer as they come: 4.1 us for the two facts of a request, of which JSON.stringify takes 3.6;
// joining texts and encoding them at the end took 6.8. Where two lists meet, `][` becomes a comma and a new line.
import type { AppendError } from './append-error.js';

export interface GatheringLimits {
  requestsPerMessageMax: number;
  bytesPerMessageMax: number;
}

/** The facts of one message, a JSON list in UTF-8 with a fact on each line, and whom to tell. */
export interface Gathered {
  body: Buffer;
  facts: number;
  onDone: ((error?: AppendError) => void)[];
}

export interface Gathering {
  /**
   * Takes one request's facts, a JSON list as text. What is larger than `requestBytesMax` is not taken.
   * @returns whether it was taken
   */
  add: (list: string, facts: number, onDone: (error?: AppendError) => void) => boolean;
  /** Sends what is gathered now, without waiting for the end of the turn. */
  flush: () => void;
  requests: () => number;
  bytes: () => number;
}

/** What a NATS server takes by default in one message, less room for the headers. */
export const requestBytesMax = 1024 * 1024 - 4096;
/** A character of a JavaScript string has at most so many bytes in UTF-8. */
const bytesPerCharacterMax = 3;
const comma = 0x2c;
const newline = 0x0a;

export function makeGathering(limits: GatheringLimits, send: (full: Gathered) => void): Gathering {
  const scratch = Buffer.allocUnsafe(requestBytesMax);
  let end = 0;
  let facts = 0;
  let onDone: Gathered['onDone'] = [];
  let endOfTurn: NodeJS.Immediate | undefined;

  function flush(): void {
    clearImmediate(endOfTurn);
    endOfTurn = undefined;
    if (onDone.length === 0) return;
    const full = { body: Buffer.from(scratch.subarray(0, end)), facts, onDone };
    end = 0;
    facts = 0;
    onDone = [];
    send(full);
  }
  function write(list: string): void {
    const start = end;
    end += scratch.write(list, start);
    if (start === 0) return;
    scratch[start - 1] = comma;
    scratch[start] = newline;
  }

  return {
    add: (list, count, tell) => {
      if (!fits(list, requestBytesMax)) return false;
      if (end > 0 && !fits(list, limits.bytesPerMessageMax - end)) flush();
      write(list);
      facts += count;
      onDone.push(tell);
      if (onDone.length >= limits.requestsPerMessageMax) flush();
      else endOfTurn ??= setImmediate(flush);
      return true;
    },
    flush,
    requests: () => onDone.length,
    bytes: () => end,
  };
}

/** Counts bytes only where the text could be too long: nearly never. */
function fits(list: string, bytesMax: number): boolean {
  return list.length * bytesPerCharacterMax <= bytesMax || Buffer.byteLength(list) <= bytesMax;
}
