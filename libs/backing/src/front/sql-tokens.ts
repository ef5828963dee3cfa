// Just enough of ClickHouse's lexer to know what a statement is without being fooled by strings, comments or quoted names.
// It never judges whether SQL is right: the engine does. Reading takes time in proportion to the text, whatever is in it:
// no part of the text is looked at again after a quote, a comment or a tag that is not closed.

export type SqlToken =
  | { kind: 'word'; text: string; start: number; end: number; depth: number }
  /** A name in backquotes or double quotes, straight or curly; `text` is what is between them, escapes as they are. */
  | { kind: 'quoted-name'; text: string; start: number; end: number; depth: number }
  | { kind: 'string'; start: number; end: number; depth: number }
  /** One character that is none of the above. */
  | { kind: 'symbol'; text: string; start: number; end: number; depth: number };

/** Sticky: each is tried where the last token ended, and none looks further than its own match. */
const blank = /\s+/y;
const word = /[\p{L}\p{N}_][\p{L}\p{N}_$]*/uy;

/** Tokens one by one, so that whoever needs only the head of a megabyte of values reads only that. */
export function* readTokens(sql: string): Generator<SqlToken, void, void> {
  const endOfTagged = makeTagged(sql);
  let depth = 0;
  for (let at = skipBlanks(sql, 0); at < sql.length;) {
    const token = readToken(sql, { at, depth, endOfTagged });
    if (token.kind === 'symbol' && '([{'.includes(token.text)) depth++;
    if (token.kind === 'symbol' && ')]}'.includes(token.text)) depth--;
    yield token;
    at = skipBlanks(sql, token.end);
  }
}

interface Place {
  at: number;
  depth: number;
  endOfTagged: (at: number) => number | undefined;
}

function readToken(sql: string, { at: start, depth, endOfTagged }: Place): SqlToken {
  switch (sql.charAt(start)) {
    case "'":
      return { kind: 'string', start, end: endOfQuoted(sql, start), depth };
    case '‘':
      return { kind: 'string', start, end: endOfCurly(sql, start, '’'), depth };
    case '`':
    case '"':
      return quotedName(sql, { start, end: endOfQuoted(sql, start), depth });
    case '“':
      return quotedName(sql, { start, end: endOfCurly(sql, start, '”'), depth });
    case '$': {
      const end = endOfTagged(start);
      return end === undefined ? symbol(sql, start, depth) : { kind: 'string', start, end, depth };
    }
    default: {
      const end = matchAt(word, sql, start);
      return end > start ? { kind: 'word', text: sql.slice(start, end), start, end, depth } : symbol(sql, start, depth);
    }
  }
}

function symbol(sql: string, start: number, depth: number): SqlToken {
  return { kind: 'symbol', text: sql.charAt(start), start, end: start + 1, depth };
}

function quotedName(sql: string, { start, end, depth }: { start: number; end: number; depth: number }): SqlToken {
  return { kind: 'quoted-name', text: sql.slice(start + 1, end - 1), start, end, depth };
}

/** Behind the closing quote, or the end of the text. A quote inside is doubled, or has a backslash before it. */
function endOfQuoted(sql: string, start: number): number {
  const quote = sql.charCodeAt(start);
  for (let at = start + 1; at < sql.length; at++) {
    const code = sql.charCodeAt(at);
    if (code === backslash) at++;
    else if (code === quote && sql.charCodeAt(at + 1) === quote) at++;
    else if (code === quote) return at + 1;
  }
  return sql.length;
}

const backslash = 0x5c;

function endOfCurly(sql: string, start: number, close: string): number {
  const at = sql.indexOf(close, start + 1);
  return at === -1 ? sql.length : at + 1;
}

/** Comments and blanks make no token. */
function skipBlanks(sql: string, from: number): number {
  for (let at = from; ;) {
    const next = skipBlank(sql, at);
    if (next === at) return at;
    at = next;
  }
}

function skipBlank(sql: string, at: number): number {
  if (sql.startsWith('--', at)) return endOr(sql, sql.indexOf('\n', at));
  if (sql.startsWith('/*', at)) {
    const end = sql.indexOf('*/', at + 2);
    return end === -1 ? sql.length : end + 2;
  }
  if (sql.startsWith('# ', at) || sql.startsWith('#!', at)) return endOr(sql, sql.indexOf('\n', at));
  return matchAt(blank, sql, at);
}

function endOr(sql: string, found: number): number {
  return found === -1 ? sql.length : found;
}

/**
 * `$tag$ … $tag$` is a string. All tags are found once, at the first `$`: to search the text for the end of each that is
 * not closed would take the square of their number.
 * @returns where the string that begins at this `$` ends; undefined when it is none
 */
function makeTagged(sql: string): (at: number) => number | undefined {
  let tags: Map<number, Tag> | undefined;
  return (at) => {
    tags ??= findTags(sql);
    const opening = tags.get(at);
    if (opening === undefined) return undefined;
    const { same, end } = opening;
    // Tokens are read from left to right, so that what was passed once is never wanted again.
    while ((same.starts[same.passed] ?? Infinity) < end) same.passed++;
    const closing = same.starts[same.passed];
    return closing === undefined ? undefined : closing + (end - at);
  };
}

interface Tag {
  end: number;
  /** Where this very tag stands in the text, from left to right. */
  same: { starts: number[]; passed: number };
}

const tagPattern = /\$\w*(?=\$)/g;

function findTags(sql: string): Map<number, Tag> {
  const byText = new Map<string, Tag['same']>();
  const tags = new Map<number, Tag>();
  for (const { 0: text, index } of sql.matchAll(tagPattern)) {
    const same = byText.get(text) ?? { starts: [], passed: 0 };
    byText.set(text, same);
    same.starts.push(index);
    tags.set(index, { end: index + text.length + 1, same });
  }
  return tags;
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
