// Office hours, weekly windows and freeze dates, read on the clock of the group's own IANA zone.
//
// The rule is the clock on the wall: a window is open while a clock in the zone shows a time in it. So in the hour that
// an autumn repeats the window is open both times, a window wholly inside the hour that a spring leaves out does not
// open that day, and one that begins inside it opens as soon as the clock is past its beginning. Nothing here depends
// on the zone of the process: all comes from Intl with a zone that is named.
//
// Dates are counted as days since 1970, never compared as text: text has no day after 9999-12-31.
import type { Freeze, Policy, WeeklyWindow } from './catalog.js';
import { isTzName, meantZones } from './time-zones.js';

export type Hours =
  | { open: true }
  | {
      open: false;
      reason: 'outside-window' | 'frozen';
      window: string;
      /** When this answer ends; absent when never. */ until?: number;
    };

/** What a wall clock shows: the date in days since 1970-01-01, ISO weekday, minutes since midnight. */
interface WallClock {
  date: number;
  day: number;
  minute: number;
}

const officeHours: WeeklyWindow[] = [{ days: [1, 2, 3, 4, 5], from: 9 * 60, to: 17 * 60 }];
const minuteMs = 60_000;
const dayMs = 86_400_000;
/** A weekly window that a spring's hour swallows is back a week later: the search need not go further. */
const searchDays = 15;
/** The last day that has four digits: a freeze that ends on it means "until further notice". */
const lastDate = toDate('9999-12-31');
const dayNames = ['', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
/** More than there are zones: a bound for a process that reads hostile snapshots, never reached by real ones. */
const formatsMax = 1000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** Whether it is a name of the tz database that Intl can read. Offsets such as `+01:00` are none: they know no summer time. */
export function isTimeZone(name: string): boolean {
  if (formats.has(name)) return true;
  if (!isTzName(name)) return false;
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** What the group's hours say at a moment. Costs tens of microseconds when they are not `always`: callers keep it a minute. */
export function hoursAt(policy: Pick<Policy, 'hours' | 'timezone' | 'freezes'>, now: number): Hours {
  const windows = windowsOf(policy.hours);
  if (windows === null && policy.freezes.length === 0) return { open: true };
  if (!isTimeZone(policy.timezone)) {
    // A zone that another replica's newer data knows, or an abbreviation that an older version took: closed is the safe side, and
    // people see why.
    return { open: false, reason: 'outside-window', window: unknownZoneWords(policy.timezone) };
  }
  const wall = wallClockAt(policy.timezone, now);
  if (windows !== null && !isInWindows(wall, windows)) return closed(windows, policy.timezone, now);
  const freeze = policy.freezes.find((freeze) => isInFreeze(wall, freeze));
  return freeze === undefined ? { open: true } : frozen(freeze, policy, now);
}

/** `BST is not a time zone of the tz database (Europe/London?)` */
export function unknownZoneWords(zone: string): string {
  const meant = meantZones(zone);
  return `${zone} is not a time zone of the tz database${meant.length === 0 ? '' : ` (${meant.join(' or ')}?)`}`;
}

/** `Mon-Fri 09:00-17:00`, days in runs. */
export function windowWords(window: WeeklyWindow): string {
  const days = [...new Set(window.days)].toSorted((a, b) => a - b);
  const runs: number[][] = [];
  for (const day of days) {
    const run = runs.at(-1);
    if (run !== undefined && run.at(-1) === day - 1) run.push(day);
    else runs.push([day]);
  }
  const words = runs.map((run) =>
    run.length < 3 ? run.map(toDayName).join(',') : `${toDayName(run[0])}-${toDayName(run.at(-1))}`,
  );
  return `${words.join(',')} ${toClock(window.from)}-${toClock(window.to)}`;
}

function windowsOf(hours: Policy['hours']): WeeklyWindow[] | null {
  if (hours.kind === 'always') return null;
  return hours.kind === 'office' ? officeHours : hours.windows;
}

function closed(windows: WeeklyWindow[], zone: string, now: number): Hours {
  const starts = windows.map((window) => window.from);
  const until = firstMoment(zone, now, starts, (wall) => isInWindows(wall, windows));
  const opening = until === null ? null : wallClockAt(zone, until);
  const next = windows.find((window) => opening !== null && isInWindow(opening, window)) ?? windows[0];
  const words = next === undefined ? zone : `${windowWords(next)} ${zone}`;
  return { open: false, reason: 'outside-window', window: words, ...(until !== null && { until }) };
}

/** Freezes that touch or overlap count as one: the answer ends when the last of them does. */
function frozen(freeze: Freeze, policy: Pick<Policy, 'timezone' | 'freezes'>, now: number): Hours {
  const until = endOfFreeze(lastFrozenDate(freeze, policy.freezes), policy.timezone, now);
  const words = `${freeze.from} to ${freeze.to} ${policy.timezone}${freeze.note === '' ? '' : ` (${freeze.note})`}`;
  return { open: false, reason: 'frozen', window: words, ...(until !== null && { until }) };
}

function endOfFreeze(last: number, zone: string, now: number): number | null {
  if (last >= lastDate) return null;
  return firstMoment(zone, Math.max(now, (last - 2) * dayMs), [0], (wall) => wall.date > last);
}

function lastFrozenDate(first: Freeze, freezes: readonly Freeze[]): number {
  let last = toDate(first.to);
  for (const { from, to } of freezes.toSorted((a, b) => toDate(a.from) - toDate(b.from))) {
    if (toDate(from) <= last + 1) last = Math.max(last, toDate(to));
  }
  return last;
}

function isInWindows(wall: WallClock, windows: readonly WeeklyWindow[]): boolean {
  return windows.some((window) => isInWindow(wall, window));
}

function isInWindow(wall: WallClock, window: WeeklyWindow): boolean {
  return window.days.includes(wall.day) && wall.minute >= window.from && wall.minute < window.to;
}

function isInFreeze(wall: WallClock, freeze: Freeze): boolean {
  return wall.date >= toDate(freeze.from) && wall.date <= toDate(freeze.to);
}

/**
 * The first moment after `now` of which `holds` is true, where only the given minutes of a day, or a jump of the clock,
 * can make it true.
 */
function firstMoment(
  zone: string,
  now: number,
  minutes: readonly number[],
  holds: (wall: WallClock) => boolean,
): number | null {
  const today = wallClockAt(zone, now).date * dayMs;
  for (let day = 0; day <= searchDays; day++) {
    const midnight = today + day * dayMs;
    const shown = [...new Set(minutes)].flatMap((minute) => momentsOf(zone, midnight + minute * minuteMs));
    const candidates = [...shown, ...jumpsIn(zone, midnight)]
      .filter((moment) => moment > now)
      .toSorted((a, b) => a - b);
    const first = candidates.find((moment) => holds(wallClockAt(zone, moment)));
    if (first !== undefined) return first;
  }
  return null;
}

/** The moments at which the clock shows a time (given as if it were UTC): none in a gap, two in an overlap. */
function momentsOf(zone: string, wallAsUtc: number): number[] {
  const offsets = new Set([offsetAt(zone, wallAsUtc - dayMs), offsetAt(zone, wallAsUtc + dayMs)]);
  return [...offsets]
    .map((offset) => wallAsUtc - offset)
    .filter((moment) => moment + offsetAt(zone, moment) === wallAsUtc);
}

/** The moments around a day at which the zone's offset changes: the clock may jump into a window then. */
function jumpsIn(zone: string, midnightAsUtc: number): number[] {
  const jumps: number[] = [];
  // 14 hours: the largest offset there is. 6 hours: no zone changes twice in less.
  for (let at = midnightAsUtc - 14 * 3_600_000; at < midnightAsUtc + 38 * 3_600_000; at += 6 * 3_600_000) {
    const before = offsetAt(zone, at);
    if (before === offsetAt(zone, at + 6 * 3_600_000)) continue;
    jumps.push(findJump(zone, at, at + 6 * 3_600_000, before));
  }
  return jumps;
}

function findJump(zone: string, low: number, high: number, before: number): number {
  if (high - low <= minuteMs) return high;
  const middle = low + Math.floor((high - low) / 2 / minuteMs) * minuteMs;
  return offsetAt(zone, middle) === before ? findJump(zone, middle, high, before) : findJump(zone, low, middle, before);
}

function offsetAt(zone: string, moment: number): number {
  const wall = wallClockAt(zone, moment);
  return wall.date * dayMs + wall.minute * minuteMs - Math.floor(moment / minuteMs) * minuteMs;
}

function wallClockAt(zone: string, moment: number): WallClock {
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
  for (const { type, value } of formatOf(zone).formatToParts(moment)) parts[type] = value;
  const date = Date.UTC(Number(parts.year), Number(parts.month) - 1, Number(parts.day)) / dayMs;
  return { date, day: dayNames.indexOf(parts.weekday ?? ''), minute: Number(parts.hour) * 60 + Number(parts.minute) };
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  if (formats.size >= formatsMax) formats.clear();
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
  });
  formats.set(zone, format);
  return format;
}

/** @param text as 2026-12-20 */
function toDate(text: string): number {
  return Date.parse(`${text}T00:00:00Z`) / dayMs;
}

function toDayName(day: number | undefined): string {
  return dayNames[day ?? 0] ?? '';
}

function toClock(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}
