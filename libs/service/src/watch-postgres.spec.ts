import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Health, makeHealth } from './health.js';
import { makeLog } from './log.js';
import { makeMetrics, type Metrics } from './metrics.js';
import { makePostgresWatch, type PostgresWatch } from './watch-postgres.js';

let health: Health;
let metrics: Metrics;
let watch: PostgresWatch;
let stopping: AbortController;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  health = makeHealth();
  metrics = makeMetrics({ program: 'x' });
  stopping = new AbortController();
  const stopper = { signal: stopping.signal, add: () => {}, stop: async () => {} };
  const log = makeLog({ program: 'x', level: 'silent' });
  watch = makePostgresWatch({ log, health, metrics, stopper }, { periodMs: 5 });
});
afterEach(() => {
  stopping.abort();
  vi.useRealTimers();
});

const dependency = () => health.report().dependencies.find(({ name }) => name === 'postgres');

it('says what the program waits for', () => {
  watch.says('waiting for PostgreSQL: connect ECONNREFUSED');
  expect(dependency()).toMatchObject({
    state: 'down',
    need: 'required',
    detail: expect.stringContaining('ECONNREFUSED'),
  });
});

it('is up while PostgreSQL answers, and down with the reason when it does not', async () => {
  let answer = async (): Promise<number> => Date.now();
  watch.start(() => answer());
  expect(dependency()?.state).toBe('up');
  answer = async () => {
    throw new Error('Query read timeout');
  };
  await expect.poll(dependency).toMatchObject({ state: 'down', detail: 'Query read timeout' });
  answer = async () => Date.now();
  await expect.poll(dependency).toMatchObject({ state: 'up' });
});

it('reads the clock with each question', async () => {
  watch.start(async () => Date.now() - 7_000);
  await expect.poll(() => watch.clock.theirsNow()).toBeDefined();
  expect(Math.abs(Date.now() - 7_000 - watch.clock.theirsNow()!)).toBeLessThan(500);
});

it('warns for a minute after connections were destroyed, and counts them', async () => {
  watch.start(async () => Date.now());
  watch.noteUnanswered(3);
  watch.noteUnanswered(2);
  vi.advanceTimersByTime(59_000);
  expect(dependency()).toMatchObject({
    state: 'warning',
    detail: 'PostgreSQL answers, but did not 59 s ago: 2 connections were destroyed',
  });
  vi.advanceTimersByTime(2_000);
  expect(dependency()).toMatchObject({ state: 'up', detail: '' });
  expect(await metrics.registry.metrics()).toMatch(/^platte_postgres_destroyed_connections_total\{.*\} 5$/m);
});
