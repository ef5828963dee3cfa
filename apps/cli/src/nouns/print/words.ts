// Times, lengths of time and numbers as people read them.
const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

/** `3d`, `5h`, `12m`, `8s`: the largest unit of which there are two, as kubectl does. */
export function toAge(instant: string | null | undefined, now: number): string {
  if (instant === null || instant === undefined) return '';
  const ms = now - Date.parse(instant);
  const isAhead = ms < 0;
  const text = toLength(Math.abs(ms));
  return isAhead ? `in ${text}` : text;
}

/** The same of a length of time. */
export function toLength(ms: number): string {
  const [unit, unitMs] = units.find(([, unitMs]) => ms >= 2 * unitMs) ?? ['s', 1000];
  return `${Math.floor(ms / unitMs)}${unit}`;
}

/** `90s`, `5m`, `24h`: exact. */
export function toSpan(ms: number): string {
  if (ms === 0) return '0s';
  const [unit, unitMs] = units.find(([, unitMs]) => ms % unitMs === 0) ?? ['ms', 1];
  return `${ms / unitMs}${unit}`;
}

export function toCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

export function toPercent(part: number, whole: number): string {
  if (whole === 0) return '';
  const percent = (100 * part) / whole;
  // 99.96 % must not read as done, nor one failed machine of a million as none.
  if (percent > 99 && percent < 100) return '>99%';
  if (percent > 0 && percent < 1) return '<1%';
  return `${Math.round(percent)}%`;
}

export function toPlural(count: number, word: string): string {
  return `${toCount(count)} ${word}${count === 1 ? '' : 's'}`;
}

export function toMinuteOfDay(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}
