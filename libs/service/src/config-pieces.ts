// The kinds of setting: each reads the text of one environment variable, and says what it should be when it is not that.
import { accessSync, constants } from 'node:fs';
import { z } from 'zod';

/** A setting read from text; `expected` completes the sentence "PLATTE_X should be …". */
function piece<T>(expected: string, read: (text: string) => T | undefined) {
  const error = `should be ${expected}`;
  return z.string({ error }).transform((text, context): T => {
    const value = read(text.trim());
    if (value !== undefined) return value;
    context.issues.push({ code: 'custom', message: error, input: text });
    return z.NEVER;
  });
}

/** A TCP port; 0 takes a free one. */
export const port = () => count({ min: 0, max: 65_535, expected: 'a port from 0 to 65535 (0 takes a free one)' });

export function count({
  min = 0,
  max = Number.MAX_SAFE_INTEGER,
  expected,
}: { min?: number; max?: number; expected?: string } = {}) {
  return piece(expected ?? `a whole number from ${min} to ${max}`, (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  });
}

const durationUnitsMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const tenYearsMs = 10 * 365 * 86_400_000;

/** Milliseconds, written with a unit: `500ms`, `10s`, `5m`, `24h`, `7d`. */
export const duration = ({ minMs = 0, maxMs = tenYearsMs }: { minMs?: number; maxMs?: number } = {}) =>
  piece(`a duration such as 500ms, 10s, 5m, 24h or 7d, from ${minMs}ms to ${maxMs}ms`, (text) => {
    const value = readWithUnit(text, durationUnitsMs);
    return value >= minMs && value <= maxMs ? value : undefined;
  });

const sizeUnits: Record<string, number> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

/** Bytes, written with a unit: `128KiB`, `512MiB`, `10GiB`. */
export const byteSize = ({ min = 0, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number } = {}) =>
  piece(`a size such as 128KiB, 512MiB or 10GiB, from ${min} to ${max} bytes`, (text) => {
    const value = readWithUnit(text, sizeUnits);
    return value >= min && value <= max ? value : undefined;
  });

/** NaN where it is no number with one of these units: no comparison holds for it then. */
function readWithUnit(text: string, units: Record<string, number>): number {
  const [, digits, unit = ''] = /^(\d{1,12})([A-Za-z]{1,3})$/.exec(text) ?? [];
  return Number(digits) * (units[unit] ?? Number.NaN);
}

const flags = new Map([
  ...['true', 'yes', 'on', '1'].map((word) => [word, true] as const),
  ...['false', 'no', 'off', '0'].map((word) => [word, false] as const),
]);

export const flag = () => piece('true or false', (text) => flags.get(text.toLowerCase()));

/** An absolute URL of one of these schemes (without `:`), kept as text. */
export const url = (...schemes: [string, ...string[]]) =>
  piece(`a URL that starts with ${startsOf(schemes)}`, (text) => (isUrlOf(schemes, text) ? text : undefined));

/** One URL or several, apart by commas: the servers of a cluster. Kept as one text. */
export const urls = (...schemes: [string, ...string[]]) =>
  piece(`a URL that starts with ${startsOf(schemes)}, or several apart by commas`, (text) =>
    text.split(',').every((one) => isUrlOf(schemes, one.trim())) ? text : undefined,
  );

const startsOf = (schemes: readonly string[]): string => schemes.map((scheme) => `${scheme}://`).join(' or ');

function isUrlOf(schemes: readonly string[], text: string): boolean {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//.exec(text)?.[1];
  return scheme !== undefined && schemes.includes(scheme) && URL.canParse(text);
}

export const text = (expected = 'a text that is not empty') =>
  piece(expected, (value) => (value === '' ? undefined : value));

/** A text that is shown to nobody: `describeConfig` and the problems of `readConfig` leave its value out. */
export const secret = (expected = 'a secret that is not empty') => text(expected).meta({ secret: true });

/** The path of a file that this process may read. */
export const file = () => piece('a file that can be read', (path) => (canRead(path) ? path : undefined));

function canRead(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return path !== '';
  } catch {
    return false;
  }
}

export const choice = <const T extends string>(...values: [T, ...T[]]) =>
  piece(`one of ${values.join(', ')}`, (text) => values.find((value) => value === text));

/** Values apart by commas; blanks around them and empty ones are dropped. */
export function list<T>(of: z.ZodType<T, string>) {
  return z.string({ error: 'should be a list, its values apart by commas' }).transform((text, context): T[] => {
    const values: T[] = [];
    for (const part of text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')) {
      const read = of.safeParse(part);
      if (read.success) values.push(read.data);
      else
        context.issues.push({
          code: 'custom',
          message: `each value ${read.error.issues[0]?.message ?? 'is wrong'}`,
          input: text,
        });
    }
    return values;
  });
}

const nameList = z.array(z.string().min(1)).min(1);

/**
 * Names that others give, which may hold commas and blanks (`CN=Admins,DC=example,DC=com`): a text is one name, a text that
 * begins with `[` is a JSON list of names.
 */
export const names = () =>
  piece('one name, or a JSON list of names such as ["Admins", "Helpdesk Admins"]', (text) => {
    if (!text.startsWith('[')) return text === '' ? undefined : [text];
    return nameList.safeParse(parseJson(text)).data;
  });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
