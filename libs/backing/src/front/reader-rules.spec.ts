import { describe, expect, it } from 'vitest';
import { assertReaderMay } from './reader-rules.js';
import { readSyntaxTree } from './syntax-tree.js';

/** As the engine prints it, from an outline with one blank per level. */
function treeOf(outline: string): string {
  const lines = outline.split('\n');
  const depth = (line: string): number => line.length - line.trimStart().length;
  return lines
    .map((line, at) => {
      const below = lines.slice(at + 1);
      const end = below.findIndex((other) => depth(other) <= depth(line));
      const children = (end === -1 ? below : below.slice(0, end)).filter((other) => depth(other) === depth(line) + 1);
      return children.length === 0 ? line : `${line} (children ${children.length})`;
    })
    .join('\n');
}

const query = (...expressions: string[]): string =>
  treeOf(['SelectWithUnionQuery', ' ExpressionList', '  SelectQuery', '   ExpressionList', ...expressions].join('\n'));

const judge = (tree: string): void =>
  assertReaderMay(readSyntaxTree(tree), { user: 'reader', engineFunctions: new Set(['file', 'version', 'sleep']) });

describe('what the engine has parsed', () => {
  it.each([
    ['    Identifier version'],
    ["    Literal 'x (children 3)'"],
    ['    Function sumIfOrNull (alias file)', '     ExpressionList', '      Identifier a.b'],
    ['    Identifier x (alias y (children 2))'],
  ])('may be %s', (...expressions) => {
    expect(() => judge(query(...expressions))).not.toThrow();
  });

  it.each([
    ['a node of a kind that nobody knows', ['    NewNode'], /use statements with NewNode/],
    ['a function that nobody knows', ['    Function newFunction'], /call the function `newFunction`/],
    ['the name of a function as a column', ['    Identifier t.sleep (alias x)'], /name of the function `sleep`/],
    ['functions of APPLY', ['    Asterisk', '     ColumnsTransformerList', '      ColumnsApplyTransformer'], /APPLY/],
    [
      'a path behind IN',
      ['    Function notIn', '     ExpressionList', '      Literal 1', '      Identifier /etc/passwd'],
      /read from/,
    ],
    ['a name with a line end', ['    Identifier a', 'b'], /cannot be checked/],
    ['a name that looks like an alias', ['    Function file (alias sum)'], /call the function `file`/],
    ['a name that looks like a number of children', ['    Identifier a (children 1)'], /cannot be checked/],
  ])('may not be %s', (_, expressions, words) => {
    expect(() => judge(query(...expressions))).toThrow(words);
  });

  it.each([
    ['nothing', ''],
    ['an error', 'Code: 62. DB::Exception: Syntax error'],
    ['half a tree', 'SelectWithUnionQuery (children 2)\n ExpressionList'],
    ['more than a tree', 'SelectWithUnionQuery\nSelectWithUnionQuery'],
    ['a tree and the result of a second statement', 'SelectWithUnionQuery (children 1)\n ExpressionList\n2'],
  ])('is refused when it is %s', (_, text) => {
    expect(() => judge(text)).toThrow(/cannot be checked/);
  });
});
