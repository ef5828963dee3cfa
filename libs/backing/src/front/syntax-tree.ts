// What `EXPLAIN AST` prints, read back into a tree: what the engine itself has parsed, with every escape, comment and
// parameter resolved. Names stand in it as they are, also with line ends in them; so a text whose lines do not count up
// to one tree is refused.
import { ClickhouseError } from './clickhouse-error.js';

export interface SyntaxNode {
  /** `Function`, `Identifier`, `SelectQuery`, … */
  kind: string;
  /** What follows the kind, without the alias: the name of a function, a table or a column. */
  name: string;
  children: SyntaxNode[];
}

/** @throws ClickhouseError when the lines are not one whole tree */
export function readSyntaxTree(text: string): SyntaxNode {
  const lines = text.trimEnd().split('\n');
  const root = readLine(lines[0] ?? '');
  if (root.depth !== 0) throw notATree();
  const open: OpenNode[] = [root];
  for (const line of lines.slice(1)) {
    while (open.at(-1)?.missing === 0) open.pop();
    const parent = open.at(-1);
    const node = readLine(line);
    if (parent === undefined || node.depth !== parent.depth + 1) throw notATree();
    parent.missing--;
    parent.node.children.push(node.node);
    open.push(node);
  }
  if (open.some(({ missing }) => missing > 0)) throw notATree();
  return root.node;
}

interface OpenNode {
  node: SyntaxNode;
  depth: number;
  /** Children that are still to come. */
  missing: number;
}

const linePattern = /^( *)([A-Z][A-Za-z]*(?:::[A-Za-z]+)?)(?: ([^\n]*?))??(?: \(children (\d{1,9})\))?$/;

function readLine(line: string): OpenNode {
  const found = linePattern.exec(line);
  if (found === null) throw notATree();
  const [, indent = '', kind = '', rest = '', children = '0'] = found;
  return {
    node: { kind, name: withoutAlias(rest), children: [] },
    depth: indent.length,
    missing: Number(children),
  };
}

/** An alias names nothing that is there already; in a name that itself looks so, what stands before is what counts. */
function withoutAlias(rest: string): string {
  const at = rest.indexOf(' (alias ');
  return at === -1 ? rest : rest.slice(0, at);
}

function notATree(): ClickhouseError {
  return new ClickhouseError(
    497,
    'ACCESS_DENIED',
    'This statement is written in a way that cannot be checked. Use no line ends or brackets within names',
  );
}
