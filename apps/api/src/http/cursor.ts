// Cursors are opaque to callers: the position after the last item, as base64url JSON. Nothing in one is trusted.
import { z } from 'zod';
import { ApiProblem } from './problems.js';
import { findUnstorable } from './unstorable.js';

export function toCursor(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** @throws ApiProblem when the cursor is none of this list's */
export function parseCursor<T>(cursor: string | undefined, position: z.ZodType<T>): T | undefined {
  if (cursor === undefined) return undefined;
  const read = readJson(Buffer.from(cursor, 'base64url').toString('utf8'));
  const parsed = position.safeParse(read);
  if (parsed.success && findUnstorable(read).length === 0) return parsed.data;
  const detail = 'is not a cursor of this list: use the `next` of its last answer';
  throw new ApiProblem('invalid-request', { detail: `?cursor: ${detail}`, errors: [{ pointer: '?cursor', detail }] });
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A page of a list that was read with one item more than asked for: the one more says that there is a next page. */
export function toPage<Row, Item>(
  rows: Row[],
  limit: number,
  toItem: (row: Row) => Item,
  toPosition: (row: Row) => unknown,
): { items: Item[]; next: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(toItem),
    next: rows.length > limit && last !== undefined ? toCursor(toPosition(last)) : null,
  };
}
