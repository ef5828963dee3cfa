// Where what is wanted differs from what is there. Only what the file names is compared.
import type { Difference } from './steps.js';

type Fields = Readonly<Record<string, unknown>>;

/** Field by field, into objects but not into lists: a list is one value. */
export function findDifferences(wanted: Fields, held: Fields, path = ''): Difference[] {
  return Object.entries(wanted).flatMap(([name, after]) => {
    if (after === undefined) return [];
    const before = held[name];
    const field = path + name;
    if (isObject(after) && isObject(before)) return findDifferences(after, before, `${field}.`);
    return isEqual(after, before) ? [] : [{ field, before: before ?? null, after }];
  });
}

/** The wanted fields that differ, whole at the top: what is sent as a merge patch. */
export function pickChanged<T extends Fields>(wanted: T, held: Fields): Partial<T> {
  const changed = Object.entries(wanted).filter(
    ([name, after]) => findDifferences({ [name]: after }, { [name]: held[name] }).length > 0,
  );
  return Object.fromEntries(changed) as Partial<T>;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** By value; what is undefined is not there. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, at) => isEqual(item, b[at]));
  }
  if (!isObject(a) || !isObject(b)) return a === b;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => isEqual(a[name], b[name]));
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

export function withoutUndefined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
