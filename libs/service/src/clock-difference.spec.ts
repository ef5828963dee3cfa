import { beforeEach, expect, it } from 'vitest';
import { type ClockDifference, watchClockDifference } from './clock-difference.js';
import { type Health, makeHealth } from './health.js';
import { makeLog } from './log.js';
import { makeMetrics, type Metrics } from './metrics.js';

let health: Health;
let metrics: Metrics;
let lines: { level: string; message: string }[];
let clock: ClockDifference;

beforeEach(() => {
  health = makeHealth();
  metrics = makeMetrics({ program: 'x' });
  lines = [];
  const log = makeLog({ program: 'x', to: { write: (line) => void lines.push(JSON.parse(line)) } });
  clock = watchClockDifference('PostgreSQL', { health, metrics, log });
});

const dependency = () => health.report().dependencies.find(({ name }) => name === 'clock');
const exposed = async () => /^platte_clock_difference_seconds.* (\S+)$/m.exec(await metrics.registry.metrics())?.[1];

/** `aheadMs`: this machine's clock minus the other, as asked and answered 20 ms apart. */
const read = (aheadMs: number, roundTripMs = 20) =>
  clock.note({
    theirs: 1_000_000,
    askedAt: 1_000_000 + aheadMs - roundTripMs / 2,
    answeredAt: 1_000_000 + aheadMs + roundTripMs / 2,
  });

it('is unknown before the first reading', async () => {
  expect(dependency()).toMatchObject({ state: 'up', need: 'reported' });
  expect(await exposed()).toBeUndefined();
  expect(clock.theirsNow()).toBeUndefined();
});

it('counts from the middle between question and answer', async () => {
  read(120);
  expect(await exposed()).toBe('0.12');
  expect(dependency()).toMatchObject({ state: 'up', detail: "this machine's clock is 0.120 s ahead of PostgreSQL's" });
  expect(lines).toEqual([]);
});

it.each([
  [501, 'ahead of'],
  [-3_600_000, 'behind'],
])('a clock that is %d ms off is a warning, and a line in the log', async (aheadMs, words) => {
  read(aheadMs);
  read(aheadMs);
  expect(dependency()).toMatchObject({ state: 'warning', detail: expect.stringContaining(words) });
  expect(lines).toMatchObject([{ level: 'warn', message: expect.stringContaining(words) }]);
});

it('a clock that was set right ends the warning', () => {
  read(2_000);
  read(10);
  expect(dependency()?.state).toBe('up');
  expect(lines).toHaveLength(2);
});

it('an answer that took long changes nothing', async () => {
  read(10);
  read(5_000, 3_000);
  expect(await exposed()).toBe('0.01');
  expect(dependency()?.state).toBe('up');
});
