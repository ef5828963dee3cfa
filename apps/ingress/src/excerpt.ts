/** Enough to see what it is: a client's name and version come first. */
const excerptBytesMax = 300;

/** What a person sees of a refused request: its first bytes on one line of printable ASCII, everything else, and the
 * backslash itself, as `\xNN`. The protocol's own secret is cut out. */
export function toExcerpt(body: Uint8Array): string {
  const text = Buffer.from(body.buffer, body.byteOffset, Math.min(body.byteLength, excerptBytesMax)).toString('latin1');
  return text
    .replaceAll(/(tttoken\s*=\s*["'])[^"']*/gi, '$1(secret)')
    .replaceAll(/[^\x20-\x5b\x5d-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
