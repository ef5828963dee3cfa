/** Enough to see what it is: a client's name and version come first. */
const excerptBytesMax = 300;

/**
 * The protocol's own secret, as XML, as what is nearly XML and as JSON say it, in UTF-8 and in UTF-16 (a NUL beside each letter).
 * What follows its name is taken for it up to the quote that opened it, or where none did to what ends a value in any of them.
 */
const secret = new RegExp(
  `(${'tttoken'.split('').join('\\0*')}\\0*["']?[\\0\\s]*[=:][\\0\\s]*)("[^"]*|'[^']*|[^\\s"'<>,}]+)`,
  'gi',
);

/** What a person sees of a refused request: its first bytes on one line of printable ASCII, everything else, and the
 * backslash itself, as `\xNN`. The protocol's own secret is cut out. */
export function toExcerpt(body: Uint8Array): string {
  const text = Buffer.from(body.buffer, body.byteOffset, Math.min(body.byteLength, excerptBytesMax)).toString('latin1');
  return text
    .replaceAll(secret, (_, name: string, value: string) => `${name}${/^["']/.exec(value)?.[0] ?? ''}(secret)`)
    .replaceAll(/[^\x20-\x5b\x5d-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
