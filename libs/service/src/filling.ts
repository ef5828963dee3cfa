// Will it be full, and when? A place (a stream with a limit, a folder, a disk) is looked at now and then; from what was seen
// comes one judgement. It warns at a fraction used, or when it would be full soon at the rate seen.
//
// - A rate is believed for twelve times as long as it was seen: two hours of samples tell of a day, two minutes of 24. A busy
//   minute is no reason to wake somebody for tomorrow, and an outage that fills a spool in ten minutes is seen in one.
// - The rate is that of a straight line through the samples, of all of them, then of their later half, and so on: an hour of
//   rest does not hide the minutes of growth after it. A line that climbs less than the samples scatter says nothing.
// - Purges and merges make saw teeth. A log that is purged hourly climbs between two purges by what an hour brings; that is
//   mistaken for filling only where a day of it is more than what is left.
import assert from 'node:assert';

export interface FillSample {
  /** Of a clock that does not jump, in ms. */
  at: number;
  usedBytes: number;
}

export interface FillRule {
  /** Warn from so much of the limit on: 0 to 1. */
  warnFraction: number;
  /** Warn when it will be full in so long. */
  warnWithinMs: number;
}

/** Of the settings `fillSettings`. */
export function toFillRule(config: { fillWarnPercent: number; fillWarnWithin: number }): FillRule {
  return { warnFraction: config.fillWarnPercent / 100, warnWithinMs: config.fillWarnWithin };
}

export interface FillJudgement {
  isWarning: boolean;
  /** At the rate seen; undefined when it does not grow, or not fast enough to tell. */
  fullInMs: number | undefined;
  /** In words: `80 % of 1.0 GiB used, full in 3 h at this rate`. */
  detail: string;
}

/** How many times as long as it was seen a rate is believed. */
const believedTimes = 12;
/** Fewer make a line of anything: of eight that only scatter, one line in 37 climbs thrice their scatter. */
const samplesMin = 8;
const scattersMin = 3;
/** A warning ends only well below where it began, so that it does not come and go at the edge. */
const overFraction = 0.05;
const overWithinTimes = 1.5;

/** How long samples are of use to a rule: what they say is believed for as long as the rule looks ahead. */
export function samplesKeptMs({ warnWithinMs }: FillRule): number {
  return warnWithinMs / believedTimes;
}

/**
 * @param samples in order of their time
 * @param limitBytes what it is full at; Infinity for no limit
 * @returns ms from the last sample until it is full: 0 when it is, undefined when that cannot be told
 */
export function predictFull(samples: readonly FillSample[], limitBytes: number): number | undefined {
  const last = samples.at(-1);
  if (last === undefined || !Number.isFinite(limitBytes)) return undefined;
  const leftBytes = limitBytes - last.usedBytes;
  if (leftBytes <= 0) return 0;
  let soonest: number | undefined;
  for (let count = samples.length; count >= samplesMin; count = Math.floor(count / 2)) {
    const seen = samples.slice(-count);
    const fullInMs = leftBytes / rateOf(seen);
    if (fullInMs > 0 && fullInMs <= believedTimes * spanOf(seen)) soonest = Math.min(fullInMs, soonest ?? fullInMs);
  }
  return soonest;
}

/** @param wasWarning what the judgement before this one said */
export function judgeFill(
  samples: readonly FillSample[],
  { limitBytes, rule, wasWarning }: { limitBytes: number; rule: FillRule; wasWarning: boolean },
): FillJudgement {
  const usedBytes = samples.at(-1)?.usedBytes ?? 0;
  const fullInMs = predictFull(samples, limitBytes);
  const fraction = rule.warnFraction - (wasWarning ? overFraction : 0);
  const withinMs = rule.warnWithinMs * (wasWarning ? overWithinTimes : 1);
  return {
    isWarning: usedBytes >= fraction * limitBytes || (fullInMs !== undefined && fullInMs <= withinMs),
    fullInMs,
    detail: describe(usedBytes, limitBytes, fullInMs),
  };
}

/** Bytes per ms of the line through the samples; 0 where it does not climb by more than they scatter. */
function rateOf(samples: readonly FillSample[]): number {
  const middle = { at: meanOf(samples, ({ at }) => at), usedBytes: meanOf(samples, ({ usedBytes }) => usedBytes) };
  const variance = meanOf(samples, ({ at }) => (at - middle.at) ** 2);
  if (variance === 0) return 0;
  const rate = meanOf(samples, ({ at, usedBytes }) => (at - middle.at) * (usedBytes - middle.usedBytes)) / variance;
  const toMiss = ({ at, usedBytes }: FillSample) => usedBytes - middle.usedBytes - rate * (at - middle.at);
  const scatter = Math.sqrt(meanOf(samples, (sample) => toMiss(sample) ** 2));
  const climbed = rate * spanOf(samples);
  return climbed > 0 && climbed >= scattersMin * scatter ? rate : 0;
}

function spanOf(samples: readonly FillSample[]): number {
  const [first, last] = [samples[0], samples.at(-1)];
  assert(first !== undefined && last !== undefined);
  return last.at - first.at;
}

function meanOf(samples: readonly FillSample[], toNumber: (sample: FillSample) => number): number {
  let sum = 0;
  for (const sample of samples) sum += toNumber(sample);
  return sum / samples.length;
}

function describe(usedBytes: number, limitBytes: number, fullInMs: number | undefined): string {
  if (!Number.isFinite(limitBytes)) return `${sizeText(usedBytes)} used, without a limit`;
  const used = `${Math.floor((usedBytes / limitBytes) * 100)} % of ${sizeText(limitBytes)} used`;
  if (fullInMs === undefined) return used;
  return fullInMs === 0 ? `${used}: full` : `${used}, full in ${timeText(fullInMs)} at this rate`;
}

function sizeText(bytes: number): string {
  const power = Math.min(4, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][power]}`;
}

function timeText(ms: number): string {
  const minutes = ms / 60_000;
  if (minutes < 2) return `${Math.ceil(ms / 1000)} s`;
  return minutes < 120 ? `${Math.floor(minutes)} min` : `${Math.floor(minutes / 60)} h`;
}
