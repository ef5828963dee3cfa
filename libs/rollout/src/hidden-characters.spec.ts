import { describe, expect, it } from 'vitest';
import { findHidden, withoutHidden } from './rollout.js';

const paths = (value: unknown) => findHidden(value).map(({ path }) => path);

describe('a hidden character', () => {
  it.each([
    ['an escape', '\u001B[2J'],
    ['a NUL', '\0'],
    ['a line feed', '\n'],
    ['a C1 control', '\u009B31m'],
    ['a delete', '\u007F'],
    ['an override of the direction', '\u202E'],
    ['an isolate', '\u2066'],
    ['a mark of the direction', '\u200F'],
    ['an Arabic letter mark', '\u061C'],
    ['a zero-width space', '\u200B'],
    ['a byte order mark', '\uFEFF'],
    ['a soft hyphen', '\u00AD'],
    ['a separator of lines', '\u2028'],
    ['a tag', '\u{E0041}'],
  ])('is %s', (_, character) => {
    expect(paths({ name: `a${character}b` })).toEqual([['name']]);
    expect(withoutHidden(`a${character}b`)).not.toContain(character);
  });

  it.each(['Prod (AMD64)', 'größer', '日本語', 'می‌خواهم', '👩‍💻', 'עברית', ''])('is in no ordinary name: %s', (name) => {
    expect(findHidden({ name })).toEqual([]);
    expect(withoutHidden(name)).toBe(name);
  });

  it('is found wherever it is, in keys too', () => {
    const value = {
      groups: [{ name: 'a' }, { name: 'b\u202E', labels: { 'x\u200B': 'y\u0007' } }],
      size: 7,
      none: null,
    };
    expect(paths(value)).toEqual([
      ['groups', 1, 'name'],
      ['groups', 1, 'labels'],
      ['groups', 1, 'labels', 'x\u200B'],
    ]);
    expect(findHidden('\u202E')[0]?.words).toContain('U+202E');
  });

  it('is no line feed or tab where people write words', () => {
    for (const key of ['description', 'reason', 'note', 'cause']) {
      expect(findHidden({ [key]: 'one\n\ttwo' })).toEqual([]);
      expect(paths({ [key]: 'one\r\ntwo' })).toEqual([[key]]);
      expect(paths({ [key]: '\u202Etwo' })).toEqual([[key]]);
    }
  });
});
