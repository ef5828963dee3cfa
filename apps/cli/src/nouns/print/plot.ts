// A stacked plot in a terminal: a column of characters for each moment, series on top of each other, with axes and a legend.
// With colours the edges are drawn in eighths of a row; without them each series has its own pattern.
import type { Series } from './series.js';
import { toCount } from './words.js';

export interface PlotOptions {
  /** Columns and rows of the plot's own field, without axes. */
  columns: number;
  rows: number;
  hasColour: boolean;
  /** Of a series in the order of `series`; ANSI 256. */
  colours: readonly number[];
}

export interface Plot {
  /** The moments of the points, in ms, ascending. */
  times: readonly number[];
  series: readonly Series[];
}

/** Under this many rows a stack says nothing. */
export const plotRowsMin = 4;

const eighths = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const patterns = ['█', '░', '▓', '▒', '#', '+', 'o', '.'];

export function renderPlot({ times, series }: Plot, options: PlotOptions): string {
  const stacks = toColumns(times, options.columns).map((at) => stackAt(series, at));
  const top = niceCeiling(Math.max(1, ...stacks.map((stack) => stack.at(-1) ?? 0)));
  const labels = toLabels(top, options.rows);
  const labelWidth = Math.max(...labels.map((label) => label.length));
  const lines = labels.map((label, line) => {
    const row = options.rows - 1 - line;
    const cells = stacks.map((stack) => renderCell(stack, (row * top) / options.rows, top / options.rows, options));
    return `${label.padStart(labelWidth)} ${label === '' ? '│' : '┤'}${cells.join('')}`.trimEnd();
  });
  const axis = `${'0'.padStart(labelWidth)} └${'─'.repeat(options.columns)}`;
  return [...lines, axis, renderTimes(times, options.columns, labelWidth + 2), ...renderLegend(series, options)].join(
    '\n',
  );
}

/** For each column of characters the point that it shows: the last one that is not later, so that the last is now. */
function toColumns(times: readonly number[], columns: number): number[] {
  return Array.from({ length: columns }, (_, column) =>
    columns === 1 ? times.length - 1 : Math.round((column * (times.length - 1)) / (columns - 1)),
  );
}

/** Upper edges from the bottom: [1, 3] is 1 of the first series and 2 of the second. */
function stackAt(series: readonly Series[], at: number): number[] {
  let sum = 0;
  return series.map(({ values }) => (sum += values[at] ?? 0));
}

/** 1, 2 or 5 times a power of ten: a scale that reads well. */
export function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((factor) => factor * power >= value) ?? 10;
  return Math.max(1, Math.ceil(step * power));
}

/** From the top row down; the middle one too where there is room. */
function toLabels(top: number, rows: number): string[] {
  const middle = Math.floor(rows / 2);
  return Array.from({ length: rows }, (_, line) => {
    if (line === 0) return toCount(top);
    return line === middle && rows % 2 === 0 && top % 2 === 0 ? toCount(top / 2) : '';
  });
}

/** The part of a stack between `from` and `from + height`. */
function renderCell(stack: readonly number[], from: number, height: number, options: PlotOptions): string {
  const { hasColour } = options;
  if (!hasColour) return patternOf(stack, from + height / 2, from);
  const lower = seriesAt(stack, from);
  if (lower < 0) return ' ';
  const edge = stack[lower] ?? 0;
  const filled = Math.min(8, Math.max(1, Math.round((8 * (edge - from)) / height)));
  const upper = filled === 8 ? -1 : seriesAt(stack, from + height * 0.999);
  return paint(eighths[filled] ?? '█', options.colours[lower] ?? 7, upper < 0 ? undefined : options.colours[upper]);
}

/** Something is never drawn as nothing: the lowest row shows the smallest fleet. */
function patternOf(stack: readonly number[], middle: number, from: number): string {
  const at = seriesAt(stack, middle);
  const shown = at < 0 && from === 0 ? seriesAt(stack, 0) : at;
  return shown < 0 ? ' ' : (patterns[shown % patterns.length] ?? '█');
}

/** The series whose part of the stack covers this value; -1 above the stack. */
function seriesAt(stack: readonly number[], value: number): number {
  return stack.findIndex((edge) => edge > value);
}

function paint(text: string, colour: number, background?: number): string {
  return `\u001B[38;5;${colour}${background === undefined ? '' : `;48;5;${background}`}m${text}\u001B[0m`;
}

const dayMs = 86_400_000;
const timeLabelColumns = 20;

function renderTimes(times: readonly number[], columns: number, indent: number): string {
  const [first = 0, last = first] = [times[0], times.at(-1)];
  const count = Math.max(2, Math.min(5, Math.floor(columns / timeLabelColumns)));
  const line = Array.from({ length: columns + indent }, () => ' ');
  for (let tick = 0; tick < count; tick++) {
    const share = tick / (count - 1);
    const label = toTimeLabel(first + (last - first) * share, last - first);
    const start = indent + Math.round(share * (columns - label.length));
    for (const [at, character] of label.split('').entries()) line[start + at] = character;
  }
  return `${line.join('').trimEnd()} UTC`;
}

function toTimeLabel(ms: number, rangeMs: number): string {
  const text = new Date(ms).toISOString();
  return rangeMs > 2 * dayMs ? text.slice(5, 10) : text.slice(5, 16).replace('T', ' ');
}

/** Every series with how many it counts now, which no plot can show. */
function renderLegend(series: readonly Series[], { hasColour, colours }: PlotOptions): string[] {
  const width = Math.max(0, ...series.map(({ name }) => name.length));
  return series
    .map(({ name, values }, at) => {
      const sign = hasColour ? paint('█', colours[at] ?? 7) : (patterns[at % patterns.length] ?? '█');
      return `  ${sign} ${name.padEnd(width)} ${toCount(values.at(-1) ?? 0).padStart(10)}`;
    })
    .toReversed();
}
