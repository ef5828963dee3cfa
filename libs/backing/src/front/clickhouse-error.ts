// Errors in ClickHouse's own words: `Code: N. DB::Exception: what. (TYPE)`, which is what its clients parse.

export class ClickhouseError extends Error {
  readonly code: number;
  readonly type: string;
  constructor(code: number, type: string, what: string) {
    super(what);
    this.name = 'ClickhouseError';
    this.code = code;
    this.type = type;
  }
}

const enginePattern = /Code: (\d+)\. DB::(?:Errno)?Exception: ([\s\S]*)\(([A-Z][A-Z0-9_]+)\)/;

/** The engine wraps its own words once per layer, and names the file that an insert's data went through. */
export function toClickhouseError(error: unknown): ClickhouseError {
  if (error instanceof ClickhouseError) return error;
  const text = shorten(error instanceof Error ? error.message : String(error));
  const found = enginePattern.exec(text);
  if (found === null) return new ClickhouseError(1002, 'UNKNOWN_EXCEPTION', text);
  const [, code, what, type] = found;
  return new ClickhouseError(Number(code), type!, tidy(what!));
}

/**
 * The engine quotes the statement, which may be as long as a statement may be and hold anything: what looks for the parts of
 * a message would take the square of that. What is wrong stands at the start, and its type at the end.
 */
function shorten(text: string): string {
  const [first, last] = [8 * 1024, 1024];
  return text.length <= first + last ? text : `${text.slice(0, first)} … ${text.slice(-last)}`;
}

function tidy(what: string): string {
  return what
    .replace(/^(?:Code: \d+\. DB::(?:Errno)?Exception: )+/, '')
    .replace(/(?: \([A-Z][A-Z0-9_]+\) \(version [^)]*\)\.?)+\s*$/, '')
    .replace(/\(in file\/uri [^)]*\): /, '')
    .replace('While executing File: data for INSERT was parsed from file', 'data for INSERT was parsed from query')
    .trim();
}

export function renderError({ code, type, message }: ClickhouseError, version: string): string {
  const sentence = message.endsWith('.') ? message : `${message}.`;
  return `Code: ${code}. DB::Exception: ${sentence} (${type}) (version ${version} (embedded))\n`;
}

/** As ClickHouse's HTTP interface answers: what the caller got wrong is 4xx. */
const statuses: readonly (readonly [number, readonly number[]])[] = [
  [
    400,
    [
      6, 20, 26, 27, 33, 36, 38, 41, 42, 43, 48, 53, 62, 69, 72, 107, 108, 117, 130, 158, 167, 168, 354, 396, 456, 457,
      636,
    ],
  ],
  [401, [194]],
  [403, [164, 192, 193, 452, 497, 516]],
  [404, [16, 46, 47, 50, 56, 60, 81, 115]],
  [408, [159]],
  [413, [131, 223]],
  [499, [394]],
  [503, [202]],
];

export function statusOf(code: number): number {
  return statuses.find(([, codes]) => codes.includes(code))?.[0] ?? 500;
}
