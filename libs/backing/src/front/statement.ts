// What one statement of a request wants: to read, to insert data that the request carries, or anything else.
import { isSymbol, isWord, readTokens, type SqlToken } from './sql-tokens.js';

export interface InsertStatement {
  kind: 'insert';
  /** `INSERT INTO … (columns)`. */
  target: string;
  /** `SETTINGS …`, or nothing. */
  settings: string;
  format: string;
  /** Where its data begins: behind the text when that holds none. */
  dataStart: number;
}

export type Statement =
  | { kind: 'empty' }
  | InsertStatement
  /** Changes nothing by its verb; what it names is for the engine to check. Only a query proper can be streamed. */
  | { kind: 'read'; format: string | undefined; isQuery: boolean }
  | { kind: 'other'; format: string | undefined };

const queryVerbs = ['SELECT', 'WITH', 'FROM', 'VALUES'];
const showVerbs = ['SHOW', 'DESCRIBE', 'DESC', 'EXPLAIN', 'EXISTS'];

export function readStatement(sql: string): Statement {
  const { value: first, done } = readTokens(sql).next();
  if (done === true) return { kind: 'empty' };
  if (isWord(first, 'INSERT')) {
    const insert = readInsert(sql);
    if (insert !== undefined) return insert;
  }
  const { format, inserts } = readOutline(sql);
  if (inserts) return { kind: 'other', format };
  if (isWord(first, ...queryVerbs) || isSymbol(first, '(')) return { kind: 'read', format, isQuery: true };
  return isWord(first, ...showVerbs) ? { kind: 'read', format, isQuery: false } : { kind: 'other', format };
}

/**
 * `INSERT INTO [TABLE | FUNCTION] target [(columns)] [SETTINGS …] FORMAT name data` or `… VALUES data`.
 * Undefined when the rows come from a query or a file instead.
 */
function readInsert(sql: string): InsertStatement | undefined {
  let settingsStart: number | undefined;
  let name: SqlToken | undefined;
  let previous: SqlToken | undefined;
  for (const token of readTokens(sql)) {
    if (token.depth === 0 && name !== undefined) {
      if (isWord(token, 'SELECT', 'WITH', 'WATCH', 'INFILE', 'EXPLAIN')) return undefined;
      if (isWord(token, 'SETTINGS')) settingsStart ??= token.start;
      const cut = settingsStart ?? token.start;
      if (isWord(token, 'VALUES')) return insertOf(sql, cut, token.start, 'Values', token.end);
      if (previous !== name && isWord(previous, 'FORMAT') && (token.kind === 'word' || token.kind === 'quoted-name')) {
        const dataStart = skipLineEnd(sql, token.end);
        return insertOf(sql, Math.min(cut, previous!.start), previous!.start, token.text, dataStart);
      }
    }
    // The name is what follows INSERT INTO TABLE; a table may itself be called `values` or `format`.
    if (name === undefined && isTargetName(token, previous)) name = token;
    previous = token;
  }
  return undefined;
}

function insertOf(sql: string, cut: number, settingsEnd: number, format: string, dataStart: number): InsertStatement {
  return {
    kind: 'insert',
    target: sql.slice(0, cut).trim(),
    settings: sql.slice(cut, settingsEnd).trim(),
    format,
    dataStart,
  };
}

function isTargetName(token: SqlToken, previous: SqlToken | undefined): boolean {
  const leads = isWord(previous, 'INSERT', 'INTO', 'TABLE', 'FUNCTION');
  return leads && !isWord(token, 'INTO', 'TABLE', 'FUNCTION');
}

/** As ClickHouse: blanks and one line end between the format's name and its data are not data. */
function skipLineEnd(sql: string, at: number): number {
  const blank = /[ \t]*(?:;?[ \t]*)(?:\r?\n)?/y;
  blank.lastIndex = at;
  blank.test(sql);
  return blank.lastIndex;
}

/** The last `FORMAT name` outside of brackets is what the query asks for; `WITH … INSERT INTO` is a write in disguise. */
function readOutline(sql: string): { format: string | undefined; inserts: boolean } {
  let format: string | undefined;
  let inserts = false;
  let previous: SqlToken | undefined;
  for (const token of readTokens(sql)) {
    if (token.depth === 0 && isWord(previous, 'FORMAT') && token.kind === 'word') format = token.text;
    if (token.depth === 0 && isWord(previous, 'INSERT') && isWord(token, 'INTO')) inserts = true;
    previous = token;
  }
  return { format, inserts };
}
