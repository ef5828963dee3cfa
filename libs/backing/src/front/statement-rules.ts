// What is refused before the engine sees it, because the engine would allow it: it is built for one person's own shell, and
// runs with the rights of whoever started it.
import { ClickhouseError } from './clickhouse-error.js';
import { isSymbol, isWord, readTokens, type SqlToken } from './sql-tokens.js';
import type { Statement } from './statement.js';

/** @throws ClickhouseError for several statements in one, as a real server, and for files beside the engine */
export function assertAlone(sql: string): void {
  let ended = false;
  let previous: SqlToken | undefined;
  for (const token of readTokens(sql)) {
    if (ended) throw new ClickhouseError(62, 'SYNTAX_ERROR', 'Syntax error (Multi-statements are not allowed)');
    if (token.depth === 0 && isSymbol(token, ';')) ended = true;
    if (isWord(previous, 'INTO') && isWord(token, 'OUTFILE')) throw noLocalFiles('INTO OUTFILE');
    if (isWord(previous, 'FROM') && isWord(token, 'INFILE')) throw noLocalFiles('FROM INFILE');
    previous = token;
  }
}

function noLocalFiles(what: string): ClickhouseError {
  return new ClickhouseError(48, 'NOT_IMPLEMENTED', `${what} is not allowed`);
}

/**
 * The engine's own read-only mode refuses writes, table functions that reach out, and settings; it lets these pass: a
 * kill, the choice of a database, the function `file`, which reads any file of this machine, also where only its name is
 * given (`apply(file)`, `arrayMap(file, …)`), and the description of a table function, for which it looks at what it names.
 */
export function assertReadsOnly(user: string, sql: string, statement: Statement): void {
  if (statement.kind !== 'read') {
    throw new ClickhouseError(164, 'READONLY', `${user}: Cannot execute query in readonly mode`);
  }
  const tokens = [...readTokens(sql)];
  for (const [index, token] of tokens.entries()) {
    if (nameOf(token) === 'file') throw refused(user, 'read files, and nothing else may have the name `file`');
    if (isDescribe(tokens, index) && isFunction(tokens, index + 1)) {
      throw refused(user, 'describe a table function');
    }
  }
}

function refused(user: string, what: string): ClickhouseError {
  return new ClickhouseError(497, 'ACCESS_DENIED', `${user}: Not enough privileges to ${what}`);
}

function nameOf(token: SqlToken | undefined): string {
  return token?.kind === 'word' || token?.kind === 'quoted-name' ? token.text.toLowerCase() : '';
}

/** Where a statement begins, also one in brackets: elsewhere DESC is an order. */
function isDescribe(tokens: readonly SqlToken[], index: number): boolean {
  return isWord(tokens[index], 'DESCRIBE', 'DESC') && (index === 0 || isSymbol(tokens[index - 1], '('));
}

function isFunction(tokens: readonly SqlToken[], index: number): boolean {
  const at = isWord(tokens[index], 'TABLE') && !isSymbol(tokens[index + 1], '(') ? index + 1 : index;
  return nameOf(tokens[at]) !== '' && isSymbol(tokens[at + 1], '(');
}
