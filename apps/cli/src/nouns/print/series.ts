// Which series a plot shows: the largest by themselves, in the order in which they are stacked, and the rest as one.
import { countOf } from './counts.js';

export interface CountedPoint {
  at: string;
  total: number;
  counts: Record<string, number>;
}

export interface Series {
  name: string;
  /** One for each point. */
  values: number[];
}

export const othersName = 'others';

/** The order of the stack, from the bottom: `order` says which of two names comes first. */
export function toSeries(
  points: readonly CountedPoint[],
  seriesMax: number,
  order: (a: string, b: string) => number,
): Series[] {
  const peaks = new Map<string, number>();
  for (const { counts } of points) {
    for (const [name, count] of Object.entries(counts)) peaks.set(name, Math.max(count, peaks.get(name) ?? 0));
  }
  const largest = [...peaks].toSorted(([, a], [, b]) => b - a).map(([name]) => name);
  const kept = largest.length <= seriesMax ? largest : largest.slice(0, seriesMax - 1);
  const shown = kept
    .toSorted(order)
    .map((name): Series => ({ name, values: points.map(({ counts }) => countOf(counts, name)) }));
  if (kept.length === largest.length) return shown;
  const sums = points.map(({ counts }) => kept.reduce((sum, name) => sum + countOf(counts, name), 0));
  return [...shown, { name: othersName, values: points.map(({ total }, at) => total - (sums[at] ?? 0)) }];
}

/** Numbers in names by their value: `4459.2.1` before `10000.0.0`, `alpha` before `beta`. */
export function byNumbers(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/** The way of a machine through an update, from the bottom: what is done lies under what is under way. */
const statusOrder = [
  'complete',
  'installed',
  'downloaded',
  'downloading',
  'granted',
  'on-hold',
  'unknown',
  'timed-out',
  'rolled-back',
  'failed',
];

export function byStatus(a: string, b: string): number {
  return statusOrder.indexOf(a) - statusOrder.indexOf(b);
}
