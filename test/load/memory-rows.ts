// Whether memory grows: a straight line through what was held in the second half of the time. In the first half compiled code, caches
// and the system's allocator settle.
//
// A leak is lost per check-in or per message, so the bounds are bytes per check-in: the least that can leak with every message,
// which holds some 30 check-ins at 64 connections. Where the line is not sure, its upper end must keep the bound: a run that is too
// short or too noisy to exclude a leak has not shown that there is none.
import { type BenchRow, median } from './bench.js';

export interface Sample {
  minutes: number;
  /** Heap after a collection. */
  heapBytes: number;
  /** Heap, buffers and native objects. */
  heldBytes: number;
  residentBytes: number;
  answers: number;
  failures: number;
}

/** One reference of 8 bytes per message. */
const heapBytesPerCheckInMax = 0.25;
/** The smallest piece that malloc hands out, 32 bytes, per message. */
const residentBytesPerCheckInMax = 1;

const kinds = [
  { name: 'heap after a collection', of: ({ heapBytes }: Sample) => heapBytes, max: heapBytesPerCheckInMax },
  { name: 'heap and buffers', of: ({ heldBytes }: Sample) => heldBytes, max: heapBytesPerCheckInMax },
  { name: 'resident memory', of: ({ residentBytes }: Sample) => residentBytes, max: residentBytesPerCheckInMax },
];

export function toMemoryRows(samples: readonly Sample[]): BenchRow[] {
  const half = samples.slice(Math.floor(samples.length / 2));
  const answers = samples.reduce((sum, sample) => sum + sample.answers, 0);
  const failures = samples.reduce((sum, sample) => sum + sample.failures, 0);
  return [
    ...kinds.flatMap((kind) => slopeRows(half, kind)),
    { name: 'memory: check-ins answered meanwhile', figure: answers, unit: '' },
    { name: 'memory: answers that were not 200', figure: failures, unit: '', goal: '0', met: failures === 0 },
  ];
}

function slopeRows(samples: readonly Sample[], { name, of, max }: (typeof kinds)[number]): BenchRow[] {
  const { slope, standardError } = fitLine(samples.map((sample) => [sample.minutes, of(sample) / 2 ** 20]));
  const margin = 2 * standardError;
  const slopeMax = (max * checkInsPerMinute(samples)) / 2 ** 20;
  const middle = median(samples.map(of)) / 2 ** 20;
  return [
    { name: `memory: ${name}, second half`, figure: middle, unit: 'MiB' },
    {
      name: `memory: ${name}, growth`,
      figure: slope,
      unit: `+- ${margin.toPrecision(2)} MiB/min`,
      goal: `with margin <= ${slopeMax.toPrecision(2)}`,
      met: slope + margin <= slopeMax,
    },
  ];
}

/** What a sample answered is of the time since the one before. */
function checkInsPerMinute(samples: readonly Sample[]): number {
  const minutes = samples.at(-1)!.minutes - samples[0]!.minutes;
  return samples.slice(1).reduce((sum, { answers }) => sum + answers, 0) / minutes;
}

/** Least squares. Of fewer than three points nothing is known of the error: NaN, which keeps no bound. */
export function fitLine(points: readonly (readonly [x: number, y: number])[]): {
  slope: number;
  standardError: number;
} {
  const mean = (of: (point: readonly [number, number]) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [x0, y0] = [mean(([x]) => x), mean(([, y]) => y)];
  const spread = points.reduce((sum, [x]) => sum + (x - x0) ** 2, 0);
  const slope = points.reduce((sum, [x, y]) => sum + (x - x0) * (y - y0), 0) / spread;
  const residue = points.reduce((sum, [x, y]) => sum + (y - y0 - slope * (x - x0)) ** 2, 0);
  const standardError = points.length < 3 ? Number.NaN : Math.sqrt(residue / (points.length - 2) / spread);
  return { slope, standardError };
}
