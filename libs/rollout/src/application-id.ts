// How machines name an application: by UUID, with or without braces, in any case, or by product id. [omaha-protocol.md 1.4]
import type { SnapshotIndex } from './snapshot-index.js';

/** As long as a product id can be, braces aside. */
const idCharsMax = 155;

/** The id that two spellings of one application share; null when no application can be meant by it. */
export function normaliseApplicationId(text: string): string | null {
  if (text.length > idCharsMax * 2) return null;
  const trimmed = text.trim();
  const bare = trimmed.startsWith('{') && trimmed.endsWith('}') ? trimmed.slice(1, -1).trim() : trimmed;
  if (bare.length > idCharsMax || !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(bare) || bare.includes('..')) return null;
  return bare.toLowerCase();
}

/** By what machines may call an application: the keys of a map from id to its index. */
export function applicationKeys({ snapshot }: SnapshotIndex): string[] {
  const { id, productId } = snapshot.application;
  return productId === null ? [id] : [id, productId.toLowerCase()];
}
