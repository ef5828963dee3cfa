// How many of what, as a column of names and one of numbers, the largest first.
import { toCount, toPercent } from './words.js';

export function describeCounts(counts: Record<string, number>, total: number): string {
  return describeRows(Object.entries(counts), (count) => `${toCount(count).padStart(9)}  ${toPercent(count, total)}`);
}

export function describeRows(rows: [string, number][], toText: (count: number) => string): string {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return rows
    .toSorted(([, a], [, b]) => Math.abs(b) - Math.abs(a))
    .map(([name, count]) => `${name.padEnd(width)}  ${toText(count)}`.trimEnd())
    .join('\n');
}

/** Machines choose the names: one that is not counted here may be a property that every object has, such as `constructor`. */
export function countOf(counts: Readonly<Record<string, number>>, name: string): number {
  return Object.hasOwn(counts, name) ? (counts[name] ?? 0) : 0;
}
