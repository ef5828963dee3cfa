// Edits of what people edit: nobody overwrites what they have not seen. The caller names the revision that it read; with
// another one it gets what is there now. Policy checks the same again under its locks.
import type { Command, RunCommand } from './commands.js';
import type { Caller } from './http/caller.js';
import { ApiProblem } from './http/problems.js';

interface Revised {
  revision: number;
}

export interface Edit<T extends Revised> {
  ifMatch: number;
  caller: Caller;
  /** Reads the thing as the API shows it. @throws ApiProblem when it is not there (any more) */
  read: () => Promise<T>;
  toCommand: (current: T) => Command;
}

/** @returns what the command changed, as it was before */
export async function runEdit<T extends Revised>(
  run: RunCommand,
  { ifMatch, caller, read, toCommand }: Edit<T>,
): Promise<T> {
  const current = await read();
  if (current.revision !== ifMatch) throw changedBySomebody(current);
  try {
    await run({ ...toCommand(current), seen: ifMatch }, caller);
  } catch (error) {
    if (error instanceof ApiProblem && error.kind === 'revision-mismatch') throw changedBySomebody(await read());
    throw error;
  }
  return current;
}

function changedBySomebody(current: Revised): ApiProblem {
  return new ApiProblem('revision-mismatch', {
    detail: `It is at revision ${current.revision} now.`,
    current: { ...current },
    headers: { etag: `"${current.revision}"` },
  });
}

/**
 * The changes that a merge patch (RFC 7396) makes: what it names, and of what it names only in part the rest as it is. A
 * null is the value "none" of a field that can have none; the command's shape refuses it elsewhere.
 */
export function toChanges(current: object, patch: object): Record<string, unknown> {
  const before = new Map<string, unknown>(Object.entries(current));
  return Object.fromEntries(
    Object.entries(patch)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]: [string, unknown]) => [key, merge(before.get(key), value)]),
  );
}

function merge(before: unknown, patch: unknown): unknown {
  if (!isPlain(before) || !isPlain(patch) || isOfAnotherKind(before, patch)) return patch;
  return { ...before, ...toChanges(before, patch) };
}

/** `kind` names the variant of a union. A new variant replaces the old value: no field of the old one is kept. */
function isOfAnotherKind(before: { kind?: unknown }, patch: { kind?: unknown }): boolean {
  return patch.kind !== undefined && before.kind !== undefined && patch.kind !== before.kind;
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
