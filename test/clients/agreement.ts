// The property that both parsers are held to, for any bytes at all.
import { isDeepStrictEqual } from 'node:util';
import { parseByReference, parseRequest, scanRequest } from '@platte/omaha';

/** What is wrong with how these bytes are read, or undefined. */
export function findDisagreement(body: Uint8Array): string | undefined {
  try {
    const scanned = scanRequest(body);
    const reference = parseByReference(body);
    if (scanned.kind === 'declined') {
      return isDeepStrictEqual(parseRequest(body), reference)
        ? undefined
        : 'a declined request is not read as the reference reads it';
    }
    if (reference.kind === 'malformed') return `the scanner takes what the reference refuses: ${reference.cause}`;
    return isDeepStrictEqual({ ...scanned, scanned: false }, reference) ? undefined : 'the parsers read it differently';
  } catch (error) {
    return `a parser throws: ${String(error)}`;
  }
}
