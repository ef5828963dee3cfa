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
  ])('are shown on one line of printable ASCII: %s', (_, bytes, shown) => {
    expect(toExcerpt(Buffer.from(bytes))).toBe(shown);
  });

  test('are few', () => {
    expect(toExcerpt(Buffer.alloc(100_000, 'x'))).toHaveLength(300);
  });
});
