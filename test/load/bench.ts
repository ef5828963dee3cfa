// What a measurement is, and how people see it. A figure never stands alone: it has a baseline of the same run, their
// ratio, and a goal for the ratio (or for the figure, where a promise is absolute). Machines are shared and noisy.

/** One measured thing. `met` is absent where the row has no goal and only informs. */
export interface BenchRow {
  name: string;
  figure: number;
  unit: string;
  /** What the figure is compared with, measured in the same run, in the same unit. */
  baseline?: number | undefined;
  ratio?: number | undefined;
  /** In words: `>= 0.55`. */
  goal?: string | undefined;
  met?: boolean | undefined;
}

/** A part of a bench that can be measured by itself. */
export interface Section {
  name: string;
  about: string;
  /** Not measured unless it is asked for. */
  onlyNamed?: boolean;
}

export interface BenchOptions {
  /** A shorter run, for a look: its figures decide nothing. */
  quick: boolean;
  /** How large a fleet, where a bench has one whose size matters. */
  instances?: number | undefined;
  /** Where a bench keeps what it made, to measure again without making it anew. */
  dataDir?: string | undefined;
  /** Sections that are wanted; without it, all but those that must be named. */
  only?: readonly string[] | undefined;
  /** How long a bench that goes on for minutes shall take. */
  minutes?: number | undefined;
  /** Says a line of progress. */
  say: (line: string) => void;
}

export interface Bench {
  name: string;
  about: string;
  sections?: readonly Section[];
  measure: (options: BenchOptions) => Promise<BenchRow[]>;
}

/** The middle of an odd number of runs; of an even number, the mean of the middle two. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** A table for people: one line per row, columns aligned. */
export function renderTable(rows: BenchRow[]): string {
  const cells = rows.map((row) => [
    row.name,
    `${readable(row.figure)} ${row.unit}`,
    row.baseline === undefined ? '' : readable(row.baseline),
    row.ratio === undefined ? '' : readable(row.ratio),
    row.goal ?? '',
    row.met === undefined ? '' : row.met ? 'met' : 'MISSED',
  ]);
  const table = [['what', 'figure', 'baseline', 'ratio', 'goal', ''], ...cells];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((line) => line[column]!.length)));
  return table
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function readable(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}
