// What a single attribute's text means. Lenient: a bad optional value becomes its default and is counted.

/** The attributes whose value can be no good. */
export const doubtedAttributes = [
  'active',
  'a',
  'r',
  'ad',
  'rd',
  'arch',
  'delta_okay',
  'eventresult',
  'eventtype',
  'ismachine',
  'multi_manifest_ok',
  'rollback_allowed',
  'sameversionupdate',
  'updatedisabled',
] as const;
export type DoubtedAttribute = (typeof doubtedAttributes)[number];

/** The optional values of one request that were no good, by their attributes: null, as nearly always, while there are none. */
export interface Doubts {
  attributes: DoubtedAttribute[] | null;
}

export function doubt(doubts: Doubts, attribute: DoubtedAttribute): void {
  if (doubts.attributes === null) doubts.attributes = [attribute];
  else doubts.attributes.push(attribute);
}

/** Cuts what is only shown, never inside a surrogate pair. */
export function cutShown(value: string, charsMax: number): string {
  return value.length <= charsMax ? value : cutAt(value, charsMax);
}

/** Cuts what is compared: the mark at the end makes sure that the rest equals no real version, track or board. */
export function cutWord(value: string, charsMax: number): string {
  return value.length <= charsMax ? value : `${cutAt(value, charsMax - 1)}…`;
}

function cutAt(value: string, chars: number): string {
  const last = value.charCodeAt(chars - 1);
  const splitsPair = last >= 0xd800 && last <= 0xdbff;
  return value.slice(0, splitsPair ? chars - 1 : chars);
}

/** `1` and `0`, as `ismachine` and `active` are written. */
export function toBit(value: string, attribute: DoubtedAttribute, doubts: Doubts): boolean {
  if (value === '1') return true;
  if (value !== '' && value !== '0') doubt(doubts, attribute);
  return false;
}

/** `true` and `false`, and nothing else: `TRUE`, `1` and `yes` are not true (omaha-protocol.md 5, row 34). */
export function toBoolean(value: string, attribute: DoubtedAttribute, doubts: Doubts): boolean {
  if (value === 'true') return true;
  if (value !== '' && value !== 'false') doubt(doubts, attribute);
  return false;
}

/** A day count that can be: from `min` to a hundred years. */
export function toDays(value: string, min: number, attribute: DoubtedAttribute, doubts: Doubts): number | null {
  if (value === '') return null;
  const days = toInt32(value);
  if (days === null || days < min || days > 36_500) {
    doubt(doubts, attribute);
    return null;
  }
  return days === -2 ? null : days;
}

/** A decimal number below 2^31 in size, or null. */
export function toInt32(value: string): number | null {
  if (!/^-?\d{1,10}$/.test(value)) return null;
  const number = Number(value);
  return Math.abs(number) < 2 ** 31 ? number + 0 : null;
}
