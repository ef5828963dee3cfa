import { describe, expect, test } from 'vitest';
import { toExcerpt } from './excerpt.js';

describe('the first bytes of a refused request', () => {
  test.each([
    ['line\nbreak\r\n', '<a>\n\r\u0000', '<a>\\x0a\\x0d\\x00'],
    ['terminal colours', '\u001b[31m', '\\x1b[31m'],
    ['a backslash', 'a\\x0a', 'a\\x5cx0a'],
    ['what is not ASCII', 'é', '\\xc3\\xa9'],
    ['a secret', '<updatecheck tttoken="s3cret"/>', '<updatecheck tttoken="(secret)"/>'],
    ['a secret that is cut off', "<updatecheck TTToken = 's3cret", "<updatecheck TTToken = '(secret)"],
    ['a secret without quotes', '<updatecheck tttoken=s3cret/>', '<updatecheck tttoken=(secret)>'],
    ['a secret with the other quote in it', `<x tttoken="a'b" y="1"/>`, '<x tttoken="(secret)" y="1"/>'],
    ['a secret in JSON', '{"updatecheck":{"tttoken": "s3cret"}}', '{"updatecheck":{"tttoken": "(secret)"}}'],
    ['a secret in JSON that is none', '{tttoken:s3cret,a:1}', '{tttoken:(secret),a:1}'],
    ['two secrets', `tttoken='a' tttoken="b"`, `tttoken='(secret)' tttoken="(secret)"`],
  ])('are shown on one line of printable ASCII: %s', (_, bytes, shown) => {
    expect(toExcerpt(Buffer.from(bytes))).toBe(shown);
  });

  test('show no secret in UTF-16 either', () => {
    const text = '<updatecheck tttoken="s3cret" other="1"/>';
    for (const bytes of [Buffer.from(text, 'utf16le'), Buffer.from(text, 'utf16le').swap16()]) {
      const shown = toExcerpt(bytes).replaceAll('\\x00', '');
      expect(shown).not.toContain('s3cret');
      expect(shown).toContain('other="1"');
    }
  });

  test('are few', () => {
    expect(toExcerpt(Buffer.alloc(100_000, 'x'))).toHaveLength(300);
  });
});
