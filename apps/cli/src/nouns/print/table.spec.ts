import { describe, expect, it } from 'vitest';
import { renderFields, renderTable, type Column } from './table.js';
import { cut, escapeControls, widthOf } from './width.js';
import { toAge, toCount, toPercent, toSpan } from './words.js';

interface Machine {
  name: string;
  count: number;
}

const columns: readonly Column<Machine>[] = [
  { name: 'NAME', cell: ({ name }) => name },
  { name: 'COUNT', cell: ({ count }) => toCount(count), align: 'right' },
  { name: 'MORE', cell: () => 'more', isWide: true },
];

const options = { now: 0, width: Number.POSITIVE_INFINITY, isWide: false, bold: (text: string) => text };

describe('what reaches a terminal', () => {
  it('is what is written, but for what would steer it, which is written as JSON escapes it', () => {
    const name = 'a\u001B[2J\u202Eb\u009B1m\u{E0041}\u200B';
    const text = JSON.stringify({ name, lines: 'x\ny' }, null, 2);
    const shown = escapeControls(text);
    expect(shown).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
    expect(JSON.parse(shown)).toEqual({ name, lines: 'x\ny' });
  });

  it('keeps our colours, lines, and what people write with', () => {
    const text = `\u001B[1mbold\u001B[22m\n\u001B[38;5;245m█\u001B[39m\tمی‌خواهم 👩‍💻`;
    expect(escapeControls(text)).toBe(text);
    expect(escapeControls('\u001B]0;title\u0007')).toBe('\\u001b]0;title\\u0007');
  });

  it('is one line in a cell', () => {
    const table = renderTable([{ name: 'a\nb\u202Ec', count: 1 }], columns, options);
    expect(table.split('\n')[1]).toBe('a b\uFFFDc      1');
  });
});

describe('a table', () => {
  it('has columns as wide as their widest cell, and numbers on the right', () => {
    const machines = [
      { name: 'stable', count: 1_234_567 },
      { name: 'a', count: 3 },
    ];
    expect(renderTable(machines, columns, options)).toBe('NAME        COUNT\nstable  1,234,567\na               3');
  });

  it('shows more columns when it is asked to be wide', () => {
    expect(renderTable([{ name: 'a', count: 3 }], columns, { ...options, isWide: true })).toBe(
      'NAME  COUNT  MORE\na         3  more',
    );
  });

  it('is cut at the edge of the terminal', () => {
    const lines = renderTable([{ name: 'a very long name', count: 3 }], columns, { ...options, width: 10 }).split('\n');
    expect(lines.map((line) => widthOf(line))).toEqual([10, 10]);
    expect(lines[1]).toBe('a very lo…');
  });

  it('cuts the widest words first, but never what names a row or a number', () => {
    const wordy: readonly Column<Machine>[] = [
      { name: 'ID', cell: () => '00326aa916d4f570' },
      { name: 'WHAT', cell: () => 'a sentence that goes on and on' },
      { name: 'KIND', cell: () => 'check-in' },
      { name: 'COUNT', cell: ({ count }) => toCount(count), align: 'right' },
    ];
    const lines = renderTable([{ name: 'a', count: 1_000_000 }], wordy, { ...options, width: 50 }).split('\n');
    expect(lines).toEqual([
      'ID                WHAT         KIND          COUNT',
      '00326aa916d4f570  a sentence…  check-in  1,000,000',
    ]);
  });

  it('counts characters by the columns that they take', () => {
    const lines = renderTable(
      [
        { name: '東京', count: 1 },
        { name: 'e\u0301', count: 2 },
      ],
      columns,
      options,
    ).split('\n');
    expect(new Set(lines.map((line) => widthOf(line))).size).toBe(1);
  });

  it('never hands control characters of others to the terminal', () => {
    const text = renderTable([{ name: 'a\u001B[2J\n\u202Eb', count: 1 }], columns, options);
    expect(text.split('\n')).toHaveLength(2);
    for (const control of ['\u001B', '\u202E']) expect(text).not.toContain(control);
  });

  it('marks what is empty', () => {
    expect(renderTable([{ name: '', count: 1 }], columns, options)).toContain('-');
  });
});

describe('fields', () => {
  it('stand under each other, without those that are empty', () => {
    const fields = [
      ['Name', 'stable'],
      ['Nothing', ''],
      ['Windows', 'Mon\nTue'],
    ] as const;
    expect(renderFields(fields, options)).toBe('Name     stable\nWindows  Mon\n         Tue');
    const why = [['Why', 'The group grants 50 in any 10 minutes.'] as const];
    expect(renderFields(why, { ...options, width: 25 })).toBe('Why  The group grants 50\n     in any 10 minutes.');
  });
});

describe('words', () => {
  it.each([
    [0, '0s'],
    [1999, '1s'],
    [119_000, '119s'],
    [121_000, '2m'],
    [7_199_000, '119m'],
    [86_400_000 * 3, '3d'],
    [-300_000, 'in 5m'],
  ])('says %d ms ago as %s', (ms, words) => {
    expect(toAge(new Date(1e12 - ms).toISOString(), 1e12)).toBe(words);
  });

  it.each([
    [3_600_000, '1h'],
    [90_000, '90s'],
    [0, '0s'],
    [1500, '1500ms'],
  ])('says %d ms as %s', (ms, words) => {
    expect(toSpan(ms)).toBe(words);
  });

  it('never rounds to done or to nothing', () => {
    expect([toPercent(9999, 10_000), toPercent(1, 10_000), toPercent(1, 2), toPercent(0, 0)]).toEqual([
      '>99%',
      '<1%',
      '50%',
      '',
    ]);
  });

  it('cuts by columns', () => {
    expect(cut('abcdef', 4)).toBe('abc…');
    expect(cut('abcd', 4)).toBe('abcd');
  });
});
