import { describe, expect, it } from 'vitest';
import { cut, widthOf, wrap } from './width.js';

describe('texts for a terminal', () => {
  it.each([
    ['short', 10, 'short'],
    ['a long word', 6, 'a lon…'],
    ['日本語', 5, '日本…'],
    ['e\u0301e\u0301e\u0301', 2, 'e\u0301…'],
  ])('%j is cut to %i columns', (text, columns, expected) => {
    expect(cut(text, columns)).toBe(expected);
    expect(widthOf(cut(text, columns))).toBeLessThanOrEqual(columns);
  });

  it('are wrapped between words', () => {
    expect(wrap('one two three four five six', 16)).toEqual(['one two three', 'four five six']);
    expect(wrap('日本語 日本語 日本語 日本語', 16)).toEqual(['日本語 日本語', '日本語 日本語']);
    expect(wrap('averylongwordthatisbroken no', 16)).toEqual(['averylongwordthatisbroken', 'no']);
  });

  // Both measured all that they had kept again for each character or word: this would not end.
  it('are cut and wrapped when they have no width at all', () => {
    const marks = '\u0301'.repeat(200_000);
    expect(cut(`ab${marks}cd`, 3)).toBe(`ab${marks}…`);
    expect(
      wrap(`${`${'\u0301'.repeat(9)} `.repeat(10)}${marks.replaceAll('\u0301', 'x ')}`, 16).length,
    ).toBeGreaterThan(20_000);
  });
});
