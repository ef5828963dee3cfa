const needsEscape = /[&<>"'\t\n\r]|[^\x20-\x7e]/;
const forbidden =
  // oxlint-disable-next-line no-control-regex -- control characters are what it replaces
  /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

const escapes: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&apos;'],
  ['\t', '&#9;'],
  ['\n', '&#10;'],
  ['\r', '&#13;'],
]);

/**
 * For an attribute in double quotes; it reads back the same. Blanks other than the space become references, because XML
 * would turn them into spaces. What XML cannot carry at all (control characters, half a surrogate pair) becomes U+FFFD.
 */
export function escapeAttribute(value: string): string {
  if (!needsEscape.test(value)) return value;
  return value.replace(forbidden, '\uFFFD').replace(/[&<>"'\t\n\r]/g, (character) => escapes.get(character) ?? '');
}
