// Text that no store takes: PostgreSQL has no U+0000, and half of a surrogate pair is in no UTF-8. Whoever sends it is told
// where it is, before it fails in a store as if that were away.

export const unstorableWords = 'holds U+0000 or half of a surrogate pair, which cannot be stored';

/** Where such texts are, keys included. What is nested deeper than any shape of ours is not looked at: its shape refuses it. */
export function findUnstorable(value: unknown, path: PropertyKey[] = []): PropertyKey[][] {
  if (typeof value === 'string') return isStorable(value) ? [] : [path];
  if (typeof value !== 'object' || value === null || path.length > depthMax) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    isStorable(key) ? findUnstorable(inner, [...path, Array.isArray(value) ? Number(key) : key]) : [path],
  );
}

const depthMax = 16;

function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
