// Filling is noticed before it happens: a warning while facts are still taken, in /readyz, the figures and the log.
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { logNames, makeAppender, readFactsFill } from '@platte/fact-log';
import { makeHealth, makeLog, makeMetrics, watchFilling } from '@platte/service';
import { makeFact, openTestLog, type TestLog } from './fixture.js';

const factsBytesMax = 64 * 1024;
let log: TestLog;
beforeEach(async () => {
  log = await openTestLog(inject('natsUrl'), { factsBytesMax });
});
afterEach(() => log.close());

function watchFacts() {
  const lines: string[] = [];
  const health = makeHealth();
  health.serve();
  const metrics = makeMetrics({ program: 'test' });
  const aborter = new AbortController();
  let minutes = 0;
  const watch = watchFilling({
    places: [
      {
        name: 'facts',
        read: async () => {
          const { bytes, bytesMax } = await readFactsFill(log.nc, log);
          return { usedBytes: bytes, limitBytes: bytesMax };
        },
        advice: 'raise PLATTE_FACTS_MAX',
      },
    ],
    rule: { warnFraction: 0.8, warnWithinMs: 120 * 60_000 },
    health,
    metrics,
    log: makeLog({ program: 'test', to: { write: (line) => void lines.push(JSON.parse(line).message) } }),
    signal: aborter.signal,
    now: () => (minutes += 1) * 60_000,
  });
  const figureOf = async (name: string) => (await metrics.registry.getSingleMetric(name)?.get())?.values[0]?.value;
  const end = () => {
    aborter.abort();
    return watch.ended;
  };
  return { look: watch.look, state: () => health.report().dependencies[0], health, lines, figureOf, end };
}

/** Appends facts, one message each, looking after each, until `isDone` or until the stream refuses one. */
async function fill(isDone: () => boolean, look: () => Promise<void>): Promise<'done' | 'refused'> {
  const appender = makeAppender({ nc: log.nc, program: 'test', prefix: log.prefix });
  try {
    for (let n = 0; !isDone(); n++) {
      await appender.appendAll([makeFact(n)]);
      await look();
    }
    return 'done';
  } catch {
    return 'refused';
  } finally {
    await appender.close();
  }
}

it('a stream that grows is a warning before it refuses a fact, and after room was made it is none', async () => {
  const { look, state, health, lines, figureOf, end } = watchFacts();
  await look();
  expect(state()).toMatchObject({ name: 'room: facts', need: 'reported', state: 'up' });
  expect(await fill(() => state()?.state === 'warning', look)).toBe('done');
  // By its rate, long before the fraction is reached.
  expect(await figureOf('platte_fill_used_bytes')).toBeLessThan(factsBytesMax * 0.8);
  expect(await figureOf('platte_fill_limit_bytes')).toBe(factsBytesMax);
  expect(await figureOf('platte_fill_predicted_seconds')).toBeLessThanOrEqual(7200);
  expect(state()?.detail).toMatch(/^\d+ % of 64.0 KiB used, full in \d+ min at this rate; raise PLATTE_FACTS_MAX$/);
  expect(health.report().ready).toBe(true);
  expect(lines).toEqual([expect.stringMatching('it fills')]);
  // It was right: going on so, the stream is full.
  expect(await fill(() => false, look)).toBe('refused');
  await look();
  expect(await figureOf('platte_fill_used_bytes')).toBeGreaterThan(factsBytesMax * 0.9);
  await log.nc.request(`$JS.API.STREAM.PURGE.${logNames(log.prefix).facts.stream}`);
  await look();
  expect(lines).toEqual([expect.stringMatching('it fills'), expect.stringMatching('it has room again')]);
  expect(state()?.state).toBe('up');
  await end();
});

it('what cannot be seen is said once, and keeps no program from serving', async () => {
  const { look, state, health, lines, end } = watchFacts();
  await look();
  await log.nc.close();
  await look();
  await look();
  expect(state()).toMatchObject({ state: 'down', detail: expect.stringMatching('cannot be seen') });
  expect(health.report().ready).toBe(true);
  expect(lines).toEqual(['how full it is cannot be seen']);
  await end();
  log = await openTestLog(inject('natsUrl'));
});
