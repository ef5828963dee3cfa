// Our own small files, read back: a file that is not what we wrote (a full disk, a power cut) counts as none.

/** @returns undefined when it is no JSON, or not of that shape */
export function parseJson<T>(text: string, isShape: (value: unknown) => value is T): T | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isShape(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
