import { limits } from './limits.js';

/** What can name an application: a UUID, a product id, or a module of one (`{uuid}_module`); nothing like a path. */
const usable = /^(?=.*[a-z0-9])[a-z0-9{}._:+-]+$/;

/**
 * For look-up: trimmed, one pair of braces and the blanks within them taken off, lower case (omaha-protocol.md 1.4). The same for
 * UUIDs and product ids. '' when nothing can be named so: the answer is `error-invalidAppId`.
 */
export function normaliseAppId(raw: string): string {
  if (raw.length > limits.appIdCharsMax) return '';
  let id = raw.trim();
  if (id.startsWith('{') && id.endsWith('}')) id = id.slice(1, -1).trim();
  id = id.toLowerCase();
  return usable.test(id) && !id.includes('..') ? id : '';
}
