// Whether this machine's clock agrees with the one that all programs are held against, PostgreSQL's: in a metric, in /readyz
// and, at each change, in the log. Clocks of replicas must agree within a second, so that each may differ by half of it.
import type { Health } from './health.js';
import type { Log } from './log.js';
import type { Metrics } from './metrics.js';

/** One reading of the other clock. All times in ms since the epoch. */
export interface ClockReading {
  /** What the other clock said at some moment between the next two. */
  theirs: number;
  /** On this machine's clock. */
  askedAt: number;
  answeredAt: number;
}

export interface ClockDifference {
  note: (reading: ClockReading) => void;
  /** The other clock's time now, as far as it is known; undefined before the first reading. */
  theirsNow: () => number | undefined;
}

const differenceMsMax = 500;
/** An answer that took longer says too little: the difference could be half of that. */
const roundTripMsMax = 400;

/** @param whose the other clock, for people: `PostgreSQL` */
export function watchClockDifference(
  whose: string,
  { health, metrics, log }: { health: Health; metrics: Metrics; log: Log },
): ClockDifference {
  const gauge = metrics.gauge({
    name: 'platte_clock_difference_seconds',
    help: "This machine's clock minus PostgreSQL's. Absent until it is known.",
    // Of several workers on one machine each has the same.
    merge: 'max',
  });
  // Without a value the registry would show 0, as if the clocks agreed.
  gauge.remove();
  let differenceMs: number | undefined;
  let wasFar = false;

  health.probe('clock', 'reported', () => {
    // Nothing is wrong yet: whoever waits for all checks must not wait for this one.
    if (differenceMs === undefined) return { state: 'up', detail: `${whose}'s clock has not been read yet` };
    const detail = describe(differenceMs, whose);
    return { state: isFar(differenceMs) ? 'warning' : 'up', detail };
  });

  return {
    note({ theirs, askedAt, answeredAt }) {
      if (answeredAt - askedAt > roundTripMsMax || answeredAt < askedAt) return;
      differenceMs = (askedAt + answeredAt) / 2 - theirs;
      gauge.set(differenceMs / 1000);
      if (isFar(differenceMs) !== wasFar) log.warn({ differenceMs }, describe(differenceMs, whose));
      wasFar = isFar(differenceMs);
    },
    theirsNow: () => (differenceMs === undefined ? undefined : Date.now() - differenceMs),
  };
}

const isFar = (differenceMs: number): boolean => Math.abs(differenceMs) > differenceMsMax;

function describe(differenceMs: number, whose: string): string {
  const seconds = (Math.abs(differenceMs) / 1000).toFixed(3);
  const words = `this machine's clock is ${seconds} s ${differenceMs < 0 ? 'behind' : 'ahead of'} ${whose}'s`;
  return isFar(differenceMs)
    ? `${words}: set it, for example with NTP, because decisions and history compare times`
    : words;
}
