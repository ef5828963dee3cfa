import { tmpdir } from 'node:os';
import { makeHealth, makeLog, makeMetrics, watchFilling } from '@platte/service';
import { expect, test } from 'vitest';
import { fillingPlaces } from './filling.js';

test('a full spool reads as a sentence in /readyz: how full it is, what follows, and what to do', async () => {
  const health = makeHealth();
  const ended = new AbortController();
  const watch = watchFilling({
    places: fillingPlaces({ folder: tmpdir(), spooledBytes: () => 2 ** 20, spoolBytesMax: 2 ** 20 }),
    rule: { warnFraction: 0.8, warnWithinMs: 86_400_000 },
    health,
    metrics: makeMetrics({ program: 'trial' }),
    log: makeLog({ program: 'trial', level: 'silent' }),
    signal: ended.signal,
  });
  await watch.look();
  ended.abort();
  await watch.ended;
  const spool = health.report().dependencies.find(({ name }) => name === 'room: spool');
  expect(spool).toMatchObject({
    state: 'warning',
    detail:
      '100 % of 1.0 MiB used: full; when it is full, machines get 503: bring NATS back (or give FACTS room), or raise PLATTE_SPOOL_MAX',
  });
});
