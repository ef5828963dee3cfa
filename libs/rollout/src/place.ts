// A machine's place in a rollout, 0..9999: it is in the open waves while its place is below their share. The same on
// every replica and for ever in one rollout, different in the next one, so that no machine is always the first.
//
// MurmurHash3 (32 bit) over UTF-16 code units, written in place because core has no crypto and the path of a check-in
// wants no allocation. Never change it: the places of running rollouts would move.

export const placesMax = 10_000;

const c1 = 0xcc9e2d51;
const c2 = 0x1b873593;

/** The salt's share of the hash, computed once per rollout. */
export function toSaltSeed(salt: string): number {
  return hash(salt, 0x9747b28c);
}

/** The place of a machine under a salt's seed. */
export function placeOf(machine: string, saltSeed: number): number {
  return hash(machine, saltSeed) % placesMax;
}

function hash(text: string, seed: number): number {
  let h = seed | 0;
  const even = text.length & ~1;
  for (let i = 0; i < even; i += 2) {
    h ^= scramble(text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16));
    h = (h << 13) | (h >>> 19);
    h = (Math.imul(h, 5) + 0xe6546b64) | 0;
  }
  if (text.length > even) h ^= scramble(text.charCodeAt(even));
  h ^= text.length * 2;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function scramble(block: number): number {
  const k = Math.imul(block, c1);
  return Math.imul((k << 15) | (k >>> 17), c2);
}
