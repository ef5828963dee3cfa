// Machine ids that are too long to be stored are replaced by their SHA-256, so that they stay what they are: different ones
// stay different. Written out here because core has no crypto; it runs for hostile input only (real ids have 32 to 38 characters).
import { limits } from './limits.js';

declare const TextEncoder: new () => { encode(text: string): Uint8Array };

export function shortenMachineId(id: string): string {
  return id.length <= limits.machineIdCharsMax ? id : `sha256:${toHex(sha256(new TextEncoder().encode(id)))}`;
}

/** The first 64 primes give the constants: the fractions of their cube roots, and of the square roots of the first 8. */
function fractions(count: number, root: (prime: number) => number): Uint32Array {
  const found = new Uint32Array(count);
  for (let n = 2, k = 0; k < count; n++) {
    if (isPrime(n)) found[k++] = (root(n) % 1) * 2 ** 32;
  }
  return found;
}

function isPrime(n: number): boolean {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
  return true;
}

const roundConstants = fractions(64, Math.cbrt);
const startState = fractions(8, Math.sqrt);

function sha256(message: Uint8Array): Uint32Array {
  const padded = new Uint8Array(Math.ceil((message.length + 9) / 64) * 64);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, message.length * 8);
  const state = startState.slice();
  for (let block = 0; block < padded.length; block += 64) mixBlock(state, view, block);
  return state;
}

function mixBlock(state: Uint32Array, view: DataView, block: number): void {
  const w = new Uint32Array(64);
  for (let i = 0; i < 16; i++) w[i] = view.getUint32(block + i * 4);
  for (let i = 16; i < 64; i++) {
    const [w15, w2] = [w[i - 15]!, w[i - 2]!];
    const s0 = rotate(w15, 7) ^ rotate(w15, 18) ^ (w15 >>> 3);
    const s1 = rotate(w2, 17) ^ rotate(w2, 19) ^ (w2 >>> 10);
    w[i] = w[i - 16]! + s0 + w[i - 7]! + s1;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let i = 0; i < 64; i++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + roundConstants[i]! + w[i]!) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
  }
  for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) state[i] = state[i]! + word;
}

function rotate(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}

function toHex(words: Uint32Array): string {
  return Array.from(words, (word) => word.toString(16).padStart(8, '0')).join('');
}
