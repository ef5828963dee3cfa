// How many columns a text takes in a terminal: wide East Asian characters take two, combining marks none.
const wide =
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}/u;
const nothing = /\p{Mark}|\u200D|\uFE0F/u;
// oxlint-disable-next-line no-control-regex -- an escape sequence begins with a control character
const escapes = /\u001B\[[0-9;]*m/g;
/** Our own colours, and what must not reach a terminal. Joiners are left: Persian and emoji are written with them. */
// oxlint-disable-next-line no-control-regex -- this is what takes them out
const steering = /\u001B\[(?:[0-9]{1,2}|[34]8;5;[0-9]{1,3})m|(?![\n\t\u200C\u200D])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

export function widthOf(text: string): number {
  let width = 0;
  for (const character of text.replace(escapes, ''))
    width += nothing.test(character) ? 0 : wide.test(character) ? 2 : 1;
  return width;
}

/**
 * Escapes control characters, so that a text from a machine or a person cannot control the reader's terminal. Line ends and
 * our own colours stay. Everything else is written as JSON escapes it, so that JSON output keeps its meaning.
 */
export function escapeControls(text: string): string {
  return text.replaceAll(steering, (found) =>
    found.startsWith('\u001B[')
      ? found
      : Array.from(
          { length: found.length },
          (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`,
        ).join(''),
  );
}

export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = '';
  let width = 0;
  for (const character of text) {
    // Each for itself: a name of ten thousand combining marks has no width, and would be measured from its start each time.
    width += widthOf(character);
    if (width > columns - 1) return `${kept}…`;
    kept += character;
  }
  return kept;
}

/** Narrower than this nothing is wrapped: the terminal breaks it wherever it will. */
const wrapColumnsMin = 16;

/** Lines of whole words, but for words that are longer than a line. */
export function wrap(text: string, columns: number): string[] {
  if (widthOf(text) <= columns || columns < wrapColumnsMin) return [text];
  const lines: string[] = [];
  let line = '';
  let width = 0;
  for (const word of text.split(' ')) {
    const more = widthOf(word) + (line === '' ? 0 : 1);
    if (line !== '' && width + more > columns) {
      lines.push(line);
      line = word;
      width = more - 1;
    } else {
      line = line === '' ? word : `${line} ${word}`;
      width += more;
    }
  }
  return [...lines, line];
}
