/**
 * A machine's boot id in 32 bits, 0 when it said none: what deciding and the ledger need is whether two are the same, and a
 * boot id's text would make half again as much of a question. Two boots of one machine that clash are taken for one (FNV-1a:
 * 1 in 2^32).
 */
export function bootMarkOf(bootId: string): number {
  if (bootId === '') return 0;
  let mark = 0x811c9dc5;
  for (let index = 0; index < bootId.length; index++) mark = Math.imul(mark ^ bootId.charCodeAt(index), 0x01000193);
  return mark >>> 0 || 1;
}
