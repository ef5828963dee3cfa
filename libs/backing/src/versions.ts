/** The dotted numbers in what a program says of its version: `nats-server: v2.10.4` is [2, 10, 4]. */
export function parseVersion(text: string): number[] | undefined {
  const found = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  return found === null ? undefined : found.slice(1).map((part) => Number(part ?? 0));
}

export function isAtLeast(version: readonly number[], floor: readonly number[]): boolean {
  for (const [place, wanted] of floor.entries()) {
    const part = version[place] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}
