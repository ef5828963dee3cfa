/** The five entities of XML, by name. */
const entities: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);

/**
 * Decodes `&lt;` and `&#xE9;` in an attribute's value. `undefined` for everything that is not plainly one of them and a
 * character that XML allows; blanks other than the space are left to the reference.
 */
export function decodeReferences(raw: string): string | undefined {
  let text = '';
  let from = 0;
  for (let at = raw.indexOf('&'); at !== -1; at = raw.indexOf('&', from)) {
    const end = raw.indexOf(';', at);
    const character = end === -1 ? undefined : decodeReference(raw.slice(at + 1, end));
    if (character === undefined) return undefined;
    text += raw.slice(from, at) + character;
    from = end + 1;
  }
  return text + raw.slice(from);
}

function decodeReference(name: string): string | undefined {
  const entity = entities.get(name);
  if (entity !== undefined) return entity;
  const number = /^#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}))$/.exec(name);
  if (number === null) return undefined;
  const code = number[1] === undefined ? Number(number[2]) : Number.parseInt(number[1], 16);
  return isCharacter(code) ? String.fromCodePoint(code) : undefined;
}

function isCharacter(code: number): boolean {
  return (code >= 0x20 && code < 0xd800) || (code >= 0xe000 && code < 0xfffe) || (code >= 0x10000 && code <= 0x10ffff);
}
