// What people type for a field, and what it becomes in the body that is sent.
import { InvalidArgumentError } from 'commander';
import { CliError } from './cli-error.js';

const unitsMs: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `90s`, `60m`, `24h`, `7d` in milliseconds. */
export function toMs(text: string): number {
  const [, count, unit = ''] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  if (count === undefined) throw new InvalidArgumentError('It is a number and s, m, h, d or w: 60m, 24h.');
  return Number(count) * (unitsMs[unit] ?? 0);
}

export function toWhole(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It is a whole number.');
  return Number(text);
}

/** `none` takes the value away. */
export function orNone<T>(read: (text: string) => T): (text: string) => T | null {
  return (text) => (text === 'none' ? null : read(text));
}

export const toText = (text: string): string => text;

/** `50/10m`: at most 50 grants in any 10 minutes. */
export function toRate(text: string): { max: number; periodMs: number } {
  const [max, period] = text.split('/');
  if (max === undefined || period === undefined)
    throw new InvalidArgumentError('It is a number and a period: 50/10m, or none.');
  return { max: toWhole(max), periodMs: toMs(period) };
}

export function toPollSeconds(text: string): number | null {
  return text === 'auto' ? null : toMs(text) / 1000;
}

const dayNames = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** `Mon-Fri 09:00-17:00` or `Sat,Sun 00:00-24:00`. */
export function toWindow(text: string): { days: number[]; from: number; to: number } {
  const [, days, from, to] = /^(\S+) +(\d\d:\d\d)-(\d\d:\d\d)$/.exec(text) ?? [];
  if (days === undefined || from === undefined || to === undefined)
    throw new InvalidArgumentError('It is days and hours: "Mon-Fri 09:00-17:00".');
  return { days: days.split(',').flatMap((part) => toDays(part)), from: toMinutes(from), to: toMinutes(to) };
}

function toDays(part: string): number[] {
  const [first = 0, last = first] = part.split('-').map((name) => {
    const at = dayNames.findIndex((day) => day.toLowerCase() === name.slice(0, 3).toLowerCase());
    if (at < 0) throw new InvalidArgumentError(`${name} is no day: they are ${dayNames.join(', ')}.`);
    return at + 1;
  });
  if (first <= last) return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  return [...toDays(`${dayNames[first - 1]}-Sun`), ...toDays(`Mon-${dayNames[last - 1]}`)];
}

function toMinutes(text: string): number {
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  if (hours > 24 || minutes > 59) throw new InvalidArgumentError(`${text} is no time of day.`);
  return hours * 60 + minutes;
}

/** `2026-12-20..2027-01-06` with `:why` behind it if you like. */
export function toFreeze(text: string): { from: string; to: string; note: string } {
  const [, from, to, note = ''] = /^(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)(?::(.*))?$/.exec(text) ?? [];
  if (from === undefined || to === undefined)
    throw new InvalidArgumentError('It is two days: 2026-12-20..2027-01-06, with :why behind it if you like.');
  return { from, to, note };
}

/** `rack=a12`, or `rack-` to take it away. */
export function toLabel(text: string): [string, string | null] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  if (text.length > 1 && text.endsWith('-')) return [text.slice(0, -1), null];
  throw new CliError(`${text} is no label: they are key=value, or key- to take one away.`);
}
