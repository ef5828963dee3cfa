// HTML as text: whatever is put in is escaped, but what was made here.

/** Text that is HTML already. */
export class Html {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text;
  }
}

type Part = Html | string | number | false | undefined | readonly Html[];

export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.reduce((text, string, i) => text + toText(parts[i - 1]) + string));
}

/** A document's own parts, which are nobody's input. */
export function raw(text: string): Html {
  return new Html(text);
}

/** Backticks become code, as in the contract's descriptions. */
export function prose(text: string): Html {
  return raw(
    text
      .split('`')
      .map((part, i) => (i % 2 === 0 ? escape(part) : `<code>${escape(part)}</code>`))
      .join(''),
  );
}

function toText(part: Part): string {
  if (part === false || part === undefined) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'object') return part.map((one) => one.text).join('');
  return escape(String(part));
}

/** What would change how the rest of a page reads; lines stay. */
const hidden = /(?![\n\t\u200C\u200D])[\p{Cc}\p{Cf}]/gu;

function escape(text: string): string {
  return text
    .replaceAll(hidden, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
