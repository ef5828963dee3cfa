import { parseByReference } from './reference.js';
import type { Malformed, ParsedRequest } from './request.js';
import { scanRequest } from './scanner.js';

/** The scanner first; what it declines, the reference judges. Never throws, whatever the bytes. */
export function parseRequest(body: Uint8Array): ParsedRequest | Malformed {
  const scanned = scanRequest(body);
  return scanned.kind === 'declined' ? parseByReference(body) : scanned;
}
