// What is turned away before anything falls over. Each held answer costs memory (some kB), so that their number is the queue.
// Checks go first: a machine that is told 503 asks again later and doubles its interval, while an event is sent once and never
// again. Decided from the bytes, before parsing.

export interface HeldLimits {
  /** Held answers from which on update checks get 503. */
  checksMax: number;
  /** From which on everything gets 503. */
  requestsMax: number;
}

export function isShed(held: number, body: Uint8Array, { checksMax, requestsMax }: HeldLimits): boolean {
  if (held < checksMax) return false;
  return held >= requestsMax || Buffer.from(body.buffer, body.byteOffset, body.byteLength).includes('updatecheck');
}
