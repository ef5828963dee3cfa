// Just enough of ClickHouse's lexer to know what a statement is without being fooled by strings, comments or quoted names.
// It never judges whether SQL is right: the engine does.

export type SqlToken =
  | { kind: 'word'; text: string; start: number; end: number; depth: number }
  /** A name in backquotes or double quotes, straight or curly; `text` is what is between them. */
  | { kind: 'quoted-name'; text: string; start: number; end: number; depth: number }
  | { kind: 'string'; start: number; end: number; depth: number }
  /** One character that is none of the above. */
  | { kind: 'symbol'; text: string; start: number; end: number; depth: number };

/** Sticky: each is tried where the last ended. Comments and blanks make no token. */
const blank = /(?:\s+|--[^\n]*|#(?=[ !])[^\n]*|\/\*[\s\S]*?(?:\*\/|$))+/y;
const string = /'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)|‘[^’]*(?:’|$)/y;
const quotedName = /`(?:[^`\\]|\\[\s\S]|``)*(?:`|$)|"(?:[^"\\]|\\[\s\S]|"")*(?:"|$)|“[^”]*(?:”|$)/y;
const heredoc = /\$(\w*)\$[\s\S]*?(?:\$\1\$|$)/y;
const word = /[\p{L}\p{N}_][\p{L}\p{N}_$]*/uy;

/** Tokens one by one, so that whoever needs only the head of a megabyte of values reads only that. */
export function* readTokens(sql: string): Generator<SqlToken, void, void> {
  let at = 0;
  let depth = 0;
  while (at < sql.length) {
    const skipped = matchAt(blank, sql, at);
    if (skipped > at) {
      at = skipped;
      continue;
    }
    const start = at;
    const token = readToken(sql, start, depth);
    if (token.kind === 'symbol' && '([{'.includes(token.text)) depth++;
    if (token.kind === 'symbol' && ')]}'.includes(token.text)) depth--;
    yield token;
    at = token.end;
  }
}

function readToken(sql: string, start: number, depth: number): SqlToken {
  const inString = Math.max(matchAt(string, sql, start), matchAt(heredoc, sql, start));
  if (inString > start) return { kind: 'string', start, end: inString, depth };
  const inName = matchAt(quotedName, sql, start);
  if (inName > start) return { kind: 'quoted-name', text: sql.slice(start + 1, inName - 1), start, end: inName, depth };
  const inWord = matchAt(word, sql, start);
  if (inWord > start) return { kind: 'word', text: sql.slice(start, inWord), start, end: inWord, depth };
  return { kind: 'symbol', text: sql.charAt(start), start, end: start + 1, depth };
}

/** Where the match ends; `at` itself when there is none. */
function matchAt(pattern: RegExp, sql: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(sql) ? pattern.lastIndex : at;
}

export function isWord(token: SqlToken | undefined, ...words: string[]): boolean {
  return token?.kind === 'word' && words.includes(token.text.toUpperCase());
}

export function isSymbol(token: SqlToken | undefined, text: string): boolean {
  return token?.kind === 'symbol' && token.text === text;
}
