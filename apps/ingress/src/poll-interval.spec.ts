import { describe, expect, test } from 'vitest';
import { evolvePollPlan, pollIntervalSecondsMax, pollIntervalSecondsMin, startPollPlan } from './poll-interval.js';

/** The same numbers in every run. */
function makeDraw(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Fleet {
  machines: number;
  ceiling: number;
  hours: number;
  /** When the first checks come, in seconds from the start: machines spread evenly over so long. */
  firstChecksWithin: number;
}

/** Machines that come back as update_engine does: the interval they were told, give or take a half. Ticks of ten seconds. */
function simulate({ machines, ceiling, hours, firstChecksWithin }: Fleet): {
  perSecond: number[];
  intervals: number[];
} {
  const tickSeconds = 10;
  const draw = makeDraw(7);
  const arrivals = new Float64Array(hours * 360 + 4000);
  for (let machine = 0; machine < machines; machine++)
    arrivals[Math.floor((draw() * firstChecksWithin) / tickSeconds)]! += 1;
  let plan = startPollPlan(0);
  const perSecond: number[] = [];
  const intervals: number[] = [];
  for (let tick = 0; tick < hours * 360; tick++) {
    const checks = arrivals[tick]!;
    const { intervalSeconds } = plan;
    for (let check = 0; check < checks; check++) {
      arrivals[tick + Math.max(1, Math.floor((intervalSeconds * (0.5 + draw())) / tickSeconds))]! += 1;
    }
    perSecond.push(checks / tickSeconds);
    intervals.push(intervalSeconds);
    plan = evolvePollPlan(plan, [{ intervalSeconds, checks }], (tick + 1) * tickSeconds * 1000, ceiling);
  }
  return { perSecond, intervals };
}

/** The highest load of any five minutes after so many hours. */
function peakAfter(perSecond: number[], hours: number): number {
  let peak = 0;
  for (let from = hours * 360; from + 30 <= perSecond.length; from++) {
    peak = Math.max(peak, perSecond.slice(from, from + 30).reduce((sum, one) => sum + one, 0) / 30);
  }
  return peak;
}

describe('the automatic poll interval', () => {
  test('is the shortest for a fleet that fits below the ceiling', () => {
    const { intervals } = simulate({ machines: 10_000, ceiling: 10, hours: 8, firstChecksWithin: 2700 });
    expect(Math.max(...intervals.slice(3 * 360))).toBe(pollIntervalSecondsMin);
  });

  test('keeps a fleet that is too large for it below the ceiling', () => {
    // 100,000 machines at 45 minutes are 37 checks per second; the ceiling needs some 70 minutes.
    const { perSecond } = simulate({ machines: 100_000, ceiling: 25, hours: 16, firstChecksWithin: 2700 });
    expect(peakAfter(perSecond, 2)).toBeLessThanOrEqual(25);
  });

  test('spreads a herd that comes within one minute', () => {
    const { perSecond } = simulate({ machines: 100_000, ceiling: 40, hours: 16, firstChecksWithin: 60 });
    expect(perSecond[0]).toBeGreaterThan(1500);
    expect(peakAfter(perSecond, 1)).toBeLessThanOrEqual(40 * 1.5);
    expect(peakAfter(perSecond, 6)).toBeLessThanOrEqual(40);
  });

  test('ends at the longest when no interval is long enough', () => {
    const { intervals } = simulate({ machines: 20_000, ceiling: 1, hours: 6, firstChecksWithin: 2700 });
    expect(intervals.at(-1)).toBe(pollIntervalSecondsMax);
  });

  test('counts groups that set their own interval as load', () => {
    const told = [{ intervalSeconds: 3600, checks: 6000 }];
    let plan = startPollPlan(0);
    for (let minute = 1; minute <= 60; minute++) plan = evolvePollPlan(plan, told, minute * 60_000, 110);
    expect(plan.intervalSeconds).toBeGreaterThan(pollIntervalSecondsMin);
  });

  test('makes no new plan while time stands still', () => {
    const plan = startPollPlan(1000);
    expect(evolvePollPlan(plan, [{ intervalSeconds: 2700, checks: 1 }], 1000, 1)).toBe(plan);
  });
});
