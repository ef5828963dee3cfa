// A table for people: columns as wide as their widest cell, cut at the terminal's edge, numbers on the right.
import { withoutHidden } from '@platte/rollout';
import { cut, widthOf, wrap } from './width.js';

export interface Column<Item> {
  name: string;
  cell: (item: Item, now: number) => string;
  align?: 'right';
  /** Only with `-o wide`. */
  isWide?: boolean;
  /** Colours a cell; it must not change its words. */
  paint?: (text: string) => string;
}

export interface TableOptions {
  now: number;
  width: number;
  isWide: boolean;
  bold: (text: string) => string;
}

const gap = '  ';

export function renderTable<Item>(
  items: readonly Item[],
  columns: readonly Column<Item>[],
  options: TableOptions,
): string {
  const shown = columns.filter((column) => options.isWide || !column.isWide);
  const cells = items.map((item) => shown.map((column) => withoutHidden(column.cell(item, options.now)) || '-'));
  const natural = shown.map(({ name }, at) => Math.max(widthOf(name), ...cells.map((row) => widthOf(row[at] ?? ''))));
  const widths = fit(natural, shown, options.width);
  const names = shown.map(({ name, align }, at) => pad(cut(name, widths[at] ?? 0), widths[at] ?? 0, align));
  const head = options.bold(cut(names.join(gap).trimEnd(), options.width));
  return [head, ...cells.map((row) => renderRow(row, shown, widths, options.width))].join('\n');
}

/** Of words that are cut: enough to tell them apart. */
const cutColumnsMin = 8;

/**
 * Where a table is wider than the terminal the widest columns of words give way first, so that the last ones are seen too.
 * Numbers are never cut, nor is what names a row: it is for the next command.
 */
function fit<Item>(natural: readonly number[], columns: readonly Column<Item>[], width: number): number[] {
  const widths = [...natural];
  const gives = (at: number): number =>
    at === 0 || columns[at]?.align === 'right' ? 0 : (widths[at] ?? 0) - cutColumnsMin;
  for (let over = sum(widths) + gap.length * (widths.length - 1) - width; over > 0; over--) {
    const at = widths.reduce((most, _, one) => (gives(one) > gives(most) ? one : most), 0);
    if (gives(at) <= 0) break;
    widths[at]! -= 1;
  }
  return widths;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

function renderRow<Item>(
  row: readonly string[],
  columns: readonly Column<Item>[],
  widths: readonly number[],
  width: number,
): string {
  let left = width;
  const parts: string[] = [];
  for (const [at, column] of columns.entries()) {
    if (left <= 0) break;
    const padded = pad(cut(row[at] ?? '', widths[at] ?? 0), widths[at] ?? 0, column.align);
    const text = cut(at === columns.length - 1 ? padded.trimEnd() : padded, left);
    parts.push(column.paint ? column.paint(text) : text);
    left -= widthOf(text) + gap.length;
  }
  return parts.join(gap).trimEnd();
}

function pad(text: string, width: number, align?: 'right'): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'right' ? space + text : text + space;
}

/** One thing: a line for each field, values in one column. Empty ones are left out. */
export function renderFields(
  fields: readonly (readonly [string, string])[],
  { bold, width: columns }: Pick<TableOptions, 'bold' | 'width'>,
): string {
  const shown = fields.filter(([, value]) => value !== '');
  const width = Math.max(0, ...shown.map(([name]) => widthOf(name)));
  return shown
    .map(([name, value]) => {
      const lines = value.split('\n').flatMap((line) => wrap(withoutHidden(line), columns - width - gap.length));
      return `${bold(pad(name, width))}  ${lines.join(`\n${' '.repeat(width + gap.length)}`)}`;
    })
    .join('\n');
}
