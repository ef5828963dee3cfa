import { describe, expect, it } from 'vitest';
import { readTokens } from './sql-tokens.js';

const kinds = (sql: string): string[] =>
  [...readTokens(sql)].map(({ kind, start, end }) => `${kind} ${sql.slice(start, end)}`);

describe('readTokens', () => {
  it.each([
    ["'a''b\\'c' d", ["string 'a''b\\'c'", 'word d']],
    ['`a``b\\`c` "d"', ['quoted-name `a``b\\`c`', 'quoted-name "d"']],
    ["‘it's’ “n'”", ["string ‘it's’", "quoted-name “n'”"]],
    ['$$a$b$$ c', ['string $$a$b$$', 'word c']],
    ['$x$ $y$ $x$ c', ['string $x$ $y$ $x$', 'word c']],
    ['$$ $$ $$', ['string $$ $$', 'symbol $', 'symbol $']],
    ['$$a', ['symbol $', 'symbol $', 'word a']],
    ['a$b$ $c', ['word a$b$', 'symbol $', 'word c']],
    ["a -- 'b\nc # d\n#e /* f /* */ g", ['word a', 'word c', 'symbol #', 'word e', 'word g']],
    ["'a", ["string 'a"]],
    ["'a\\", ["string 'a\\"]],
    ['/* a', []],
    ['(a)', ['symbol (', 'word a', 'symbol )']],
  ])('of %j', (sql, expected) => {
    expect(kinds(sql)).toEqual(expected);
  });

  // Each took the square of its length, or many looks at the same text: at this length the test would not end.
  it.each([
    ["'\\", 1],
    ['`\\', 1],
    ["'", 1],
    ['$$ ', 500_000],
    ['$a', 2],
    ['/*', 333_333],
    ['--', 0],
    ['(', 1_000_000],
    ['{a:', 3_000_000],
  ])('reads a million of %j', (piece, count) => {
    let tokens = 0;
    for (const _ of readTokens(piece.repeat(1_000_000))) tokens++;
    expect(tokens).toBe(count);
  });

  it('reads a million of tags that are not closed', () => {
    const sql = Array.from({ length: 1_000_000 }, (_, n) => `$t${n}`).join('');
    expect(kinds('$t0$t1$t2')).toEqual(['symbol $', 'word t0$t1$t2']);
    let tokens = 0;
    for (const _ of readTokens(sql.replaceAll('$', ' $'))) tokens++;
    expect(tokens).toBe(2_000_000);
  });
});
