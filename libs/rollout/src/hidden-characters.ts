// Characters that nobody sees and that change what is seen: control characters steer a terminal, bidirectional ones make a
// text read in another order than it is stored in, and invisible ones make two names look the same. People's texts are
// refused with them where they come in (API, commands, fleet files). What was stored before is still read, and machines
// may say anything: whatever is shown replaces or escapes them.

/** Control and format characters and separators of lines. Joiners are left: Persian and emoji are written with them. */
const hidden = /(?![\u200C\u200D])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
/** Where a text may have several lines. */
const hiddenInLines = /(?![\n\t\u200C\u200D])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** Words for people, of one line or several; everything else is a name. */
const wordsKeys: ReadonlySet<PropertyKey> = new Set(['description', 'reason', 'note', 'cause']);

/** What is nested deeper than any shape of ours is not looked at: its shape refuses it. */
const depthMax = 16;

export interface HiddenCharacter {
  path: PropertyKey[];
  /** What is wrong, for whoever sent it. */
  words: string;
}

/** The texts of a value that hold such a character, keys included. */
export function findHidden(value: unknown, path: PropertyKey[] = []): HiddenCharacter[] {
  if (typeof value === 'string') return toFound(value, path, wordsKeys.has(path.at(-1) ?? '') ? hiddenInLines : hidden);
  if (typeof value !== 'object' || value === null || path.length > depthMax) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    ...toFound(key, path, hidden),
    ...findHidden(inner, [...path, Array.isArray(value) ? Number(key) : key]),
  ]);
}

function toFound(text: string, path: PropertyKey[], pattern: RegExp): HiddenCharacter[] {
  const found = pattern.exec(text)?.[0].codePointAt(0);
  if (found === undefined) return [];
  const code = found.toString(16).toUpperCase().padStart(4, '0');
  return [{ path, words: `holds U+${code}, a character that is not seen and may change what is seen: remove it` }];
}

const everyHidden = new RegExp(hidden, 'gu');

/** For one line that is shown: line feeds and tabs become blanks, other hidden characters the sign for what cannot be shown. */
export function withoutHidden(text: string): string {
  return text.replaceAll(/[\r\n\t]+/g, ' ').replaceAll(everyHidden, '\uFFFD');
}
