// Keeps the poll plan: counts what machines are told, and makes the next plan once a second.
import { evolvePollPlan, startPollPlan } from './poll-interval.js';

const tickMs = 1_000;

export interface PollKeeper {
  /** The automatic interval of now. */
  seconds: () => number;
  /** A check was answered with this interval. */
  told: (intervalSeconds: number) => void;
  stop: () => void;
}

export function startPollKeeper({
  now,
  checksPerSecondMax,
}: {
  now: () => number;
  checksPerSecondMax: number;
}): PollKeeper {
  let plan = startPollPlan(now());
  let counts = new Map<number, number>();
  const timer = setInterval(() => {
    const told = Array.from(counts, ([intervalSeconds, checks]) => ({ intervalSeconds, checks }));
    counts = new Map();
    plan = evolvePollPlan(plan, told, now(), checksPerSecondMax);
  }, tickMs);
  return {
    seconds: () => plan.intervalSeconds,
    told: (intervalSeconds) => void counts.set(intervalSeconds, (counts.get(intervalSeconds) ?? 0) + 1),
    stop: () => clearInterval(timer),
  };
}
