// Looks at places that fill (a stream, a folder, a disk) every few seconds, and tells before one is full: three gauges, a line
// of /readyz that never makes the program unready, and a line of the log when a warning begins and when it is over.
import { statfs } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type FillRule, type FillSample, judgeFill, samplesKeptMs } from './filling.js';
import type { DependencyState, Health } from './health.js';
import type { Log } from './log.js';
import type { Metrics } from './metrics.js';

export interface Fill {
  usedBytes: number;
  /** Infinity for none. */
  limitBytes: number;
}

export interface FillingPlace {
  /** `facts`, `spool`: the label of the gauges, and in /readyz after `room: `. */
  name: string;
  read: () => Promise<Fill>;
  /** What happens when it is full, and what a person can do before that. */
  advice: string;
}

interface Needs {
  places: readonly FillingPlace[];
  rule: FillRule;
  health: Health;
  metrics: Metrics;
  log: Log;
  signal: AbortSignal;
  /** Ms of a clock that does not jump. */
  now?: () => number;
}

export interface FillingWatch {
  /** Looks at all places now; never throws. */
  look: () => Promise<void>;
  /** After the signal. */
  ended: Promise<void>;
}

/** A spool of the default size takes 30 s at 20,000 check-ins a second: its warning must come in between. */
const periodMs = 5_000;
/** Two hours by 15 s. */
const samplesMax = 480;

export function watchFilling(needs: Needs): FillingWatch {
  const { places, signal } = needs;
  const gauges = makeGauges(needs.metrics);
  const watched = places.map((place) => watchPlace(place, needs, gauges));
  const look = async () => void (await Promise.all(watched.map((lookAt) => lookAt())));
  async function keepLooking(): Promise<void> {
    while (!signal.aborted) {
      await look();
      await delay(periodMs, undefined, { signal }).catch(() => {});
    }
  }
  return { look, ended: keepLooking() };
}

/** The disk below a folder, as `df` counts it: what only root may use is not there. */
export async function readDiskFill(folder: string): Promise<Fill> {
  const { blocks, bfree, bavail, bsize } = await statfs(folder);
  const usedBytes = (blocks - bfree) * bsize;
  return { usedBytes, limitBytes: usedBytes + bavail * bsize };
}

type Gauges = ReturnType<typeof makeGauges>;

/** Of several workers, each with a spool of its own, that of the fullest. */
function makeGauges({ gauge }: Metrics) {
  const labels = ['place'] as const;
  return {
    used: gauge({ name: 'platte_fill_used_bytes', help: 'Bytes used of what can fill', labels, merge: 'max' }),
    limit: gauge({ name: 'platte_fill_limit_bytes', help: 'What it is full at', labels, merge: 'max' }),
    fullIn: gauge({
      name: 'platte_fill_predicted_seconds',
      help: 'Until it is full at the rate seen; absent when it does not grow, or not fast enough to tell',
      labels,
      merge: 'min',
    }),
  };
}

function watchPlace({ name, read, advice }: FillingPlace, { rule, health, log, now }: Needs, gauges: Gauges) {
  const clock = now ?? (() => performance.now());
  let samples: FillSample[] = [];
  let isWarning = false;
  let state: { state: DependencyState; detail: string } = { state: 'starting', detail: '' };
  health.probe(`room: ${name}`, 'reported', () => state);

  return async function look(): Promise<void> {
    try {
      const { usedBytes, limitBytes } = await read();
      samples = keep([...samples, { at: clock(), usedBytes }], samplesKeptMs(rule));
      const judged = judgeFill(samples, { limitBytes, rule, wasWarning: isWarning });
      setGauges(gauges, { place: name }, { usedBytes, limitBytes, fullInMs: judged.fullInMs });
      state = judged.isWarning
        ? { state: 'warning', detail: `${judged.detail}; ${advice}` }
        : { state: 'up', detail: judged.detail };
      if (judged.isWarning && !isWarning) log.warn({ place: name }, `it fills: ${state.detail}`);
      if (!judged.isWarning && isWarning) log.info({ place: name }, `it has room again: ${state.detail}`);
      isWarning = judged.isWarning;
    } catch (error) {
      // Said once: the store that does not answer is told by those who need it. A warning lasts until there is room.
      if (state.state !== 'down') log.warn({ err: error, place: name }, 'how full it is cannot be seen');
      state = { state: 'down', detail: `cannot be seen: ${error instanceof Error ? error.message : String(error)}` };
    }
  };
}

/** Within the time; and when there are too many, every second of them, which halves how closely is looked, never how far back. */
function keep(samples: FillSample[], keptMs: number): FillSample[] {
  const since = samples.at(-1)!.at - keptMs;
  const kept = samples.filter(({ at }) => at >= since);
  return kept.length <= samplesMax ? kept : kept.filter((_, index) => (kept.length - 1 - index) % 2 === 0);
}

function setGauges(
  { used, limit, fullIn }: Gauges,
  place: { place: string },
  { usedBytes, limitBytes, fullInMs }: Fill & { fullInMs: number | undefined },
): void {
  used.set(place, usedBytes);
  if (Number.isFinite(limitBytes)) limit.set(place, limitBytes);
  else limit.remove(place);
  if (fullInMs === undefined) fullIn.remove(place);
  else fullIn.set(place, fullInMs / 1000);
}
