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
 * kill, the choice of a database, and the function `file`, which reads any file of this machine.
 */
export function assertReadsOnly(user: string, sql: string, statement: Statement): void {
  if (statement.kind !== 'read') {
    throw new ClickhouseError(164, 'READONLY', `${user}: Cannot execute query in readonly mode`);
  }
  let previous: SqlToken | undefined;
  for (const token of readTokens(sql)) {
    const named = previous?.kind === 'word' || previous?.kind === 'quoted-name' ? previous.text.toLowerCase() : '';
    if (isSymbol(token, '(') && named === 'file') {
      throw new ClickhouseError(497, 'ACCESS_DENIED', `${user}: Not enough privileges to read files`);
    }
    previous = token;
  }
}
