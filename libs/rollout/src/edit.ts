// Edits: what is named changes, what is left out stays. D15: an omitted boolean is no false.

export function withChanges<T extends object>(before: T, changes: { [Key in keyof T]?: T[Key] | undefined }): T {
  const named = Object.entries(changes).filter(([, value]) => value !== undefined);
  return { ...before, ...Object.fromEntries(named) };
}

/** Whether an edit changed nothing. Both are plain data with the same keys in the same order. */
export function isSame(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
