// What is refused by its words before the engine sees it, because the engine would allow it: it is built for one person's
// own shell. For read-only users this is the second fence and not the first: words can be written in many ways, so what
// they may ask is decided on what the engine has parsed (reader-rules.ts). The words see what the parsed tree hides.
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
 * @returns the statement as it goes to the engine: without a `;` anywhere, so that there is no second statement in it
 * @throws ClickhouseError for what is no question, or hides from the engine's tree
 */
export function toReaderStatement(user: string, sql: string, statement: Statement): string {
  if (statement.kind !== 'read') {
    throw new ClickhouseError(164, 'READONLY', `${user}: Cannot execute query in readonly mode`);
  }
  const tokens = [...readTokens(sql)];
  for (const [index, token] of tokens.entries()) {
    if (nameOf(token) === 'file') throw refused(user, 'read files, and nothing else may have the name `file`');
    if (token.kind === 'quoted-name' && token.text.includes('\\')) throw refused(user, 'use escapes within a name');
    if (isDescribe(tokens, index) && isFunction(tokens, index + 1)) {
      throw refused(user, 'describe a table function');
    }
    if (isSymbol(token, '$')) throw openDollar();
    if (isIdentifierParameter(tokens, index)) throw refused(user, 'use parameters of the type Identifier');
  }
  if (isWord(tokens[0], 'SHOW') && /[()]|\bwhere\b/i.test(sql)) {
    throw refused(user, 'use WHERE or brackets in SHOW; ask system.tables or system.columns instead');
  }
  return withoutSeparators(user, sql, tokens);
}

/** Nowhere right, and the engine searches the whole text for the end of each: 250 KB of `$1$ $2$ …` took it a minute. */
function openDollar(): ClickhouseError {
  return new ClickhouseError(62, 'SYNTAX_ERROR', 'Syntax error: a string that begins with $tag$ does not end');
}

/**
 * The engine runs each of several statements, also behind `EXPLAIN AST`. So comments go, and a `;` within quotes is written
 * as an escape: had the quotes been none for the engine, it would be a syntax error and no separator.
 */
function withoutSeparators(user: string, sql: string, tokens: readonly SqlToken[]): string {
  const parts: string[] = [];
  let end = 0;
  for (const token of tokens.slice(0, tokens.findLastIndex((token) => !isSymbol(token, ';')) + 1)) {
    const gap = sql.slice(end, token.start);
    const text = sql.slice(token.start, token.end);
    parts.push(gap.trim() === '' ? gap : ' ', text.includes(';') ? withEscapes(user, text) : text);
    end = token.end;
  }
  return parts.join('');
}

function withEscapes(user: string, text: string): string {
  const isQuoted = /^['"`]/.test(text);
  if (!isQuoted || text.includes('\\;')) throw refused(user, 'use `;` here; write it as \\x3b within straight quotes');
  return text.replaceAll(';', '\\x3b');
}

/** `{name: Identifier}` makes of any text a name, of a function too. */
function isIdentifierParameter(tokens: readonly SqlToken[], index: number): boolean {
  const opens = isSymbol(tokens[index], '{') && isSymbol(tokens[index + 2], ':');
  return opens && nameOf(tokens[index + 3]) === 'identifier';
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
