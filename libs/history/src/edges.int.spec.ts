// Ranges that are empty, upside down, before everything or full of versions: exact all the same.
import { describe, expect, test } from 'vitest';
import { from, now, spanMs } from '../test/ask-everything.js';
import { numberOf, openFresh, toBatches } from '../test/fresh-history.js';
import { app, makeFacts } from '../test/random-facts.js';
import {
  breakdown,
  breakdownAsOf,
  failures,
  machinesSeen,
  presenceTimeline,
  rebuild,
  statusCounts,
  statusTimeline,
  updateFunnel,
  versionTimeline,
  writeFacts,
} from './history.js';

const hourMs = 3_600_000;

describe('a range without facts', () => {
  test('has points that count nobody', async () => {
    const history = await openFresh();
    await writeFacts(history, toBatches(makeFacts({ seed: 3, machines: 4, facts: 60, from, spanMs }), 60, 1), numberOf);
    await rebuild(history, { acked: 1, now, attempt: 1 });
    const before = { app, from: from - 10 * hourMs, to: from - 8 * hourMs };
    const nobody = [10, 9, 8].map((hours) => ({ at: from - hours * hourMs, total: 0, counts: {} }));
    expect(await versionTimeline(history, { ...before, now, bucketMs: hourMs })).toEqual(nobody);
    expect(await statusTimeline(history, { ...before, now, bucketMs: hourMs, windowMs: 48 * hourMs })).toEqual(nobody);
    expect(await presenceTimeline(history, { ...before, bucketMs: hourMs, by: 'version' })).toEqual(nobody.slice(0, 2));
    expect(await breakdownAsOf(history, { app, at: from - 2 })).toEqual({
      at: from - 2,
      total: 0,
      versions: {},
      statuses: {},
    });
    const upsideDown = { app, from: now, to: from };
    expect(await machinesSeen(history, upsideDown)).toBe(0);
    expect(await statusCounts(history, upsideDown)).toEqual({ total: 0, statuses: {} });
    expect(await failures(history, upsideDown)).toEqual([]);
    expect((await updateFunnel(history, upsideDown)).steps.map(({ attempts }) => attempts)).toEqual([0, 0, 0, 0, 0]);
    expect(await presenceTimeline(history, { ...upsideDown, bucketMs: hourMs, by: 'status' })).toEqual([]);
  });
});

test('a bucket that does not divide the range gives points on its multiples, and the end', async () => {
  const history = await openFresh();
  await writeFacts(history, toBatches(makeFacts({ seed: 4, machines: 4, facts: 60, from, spanMs }), 60, 1), numberOf);
  await rebuild(history, { acked: 1, now, attempt: 1 });
  const bucketMs = 7 * 60_000;
  const to = from + 20 * 60_000;
  const points = await versionTimeline(history, { app, from, to, now, bucketMs });
  const first = Math.floor(from / bucketMs) * bucketMs;
  expect(points.map(({ at }) => at)).toEqual(
    [0, 1, 2, 3]
      .map((n) => first + n * bucketMs)
      .filter((at) => at < to)
      .concat(to),
  );
});

test('thousands of nightly versions are all counted, one by one', async () => {
  const history = await openFresh();
  const [sample] = makeFacts({ seed: 1, machines: 1, facts: 40, from, spanMs }).filter(
    (fact) => fact.kind === 'MachineCheckedIn',
  );
  const fleet = Array.from({ length: 5_000 }, (_, n) => ({
    ...sample!,
    app,
    machine: `nightly-${n}`,
    version: `4230.0.${n}-nightly`,
    at: now - hourMs + n,
    n,
  }));
  await writeFacts(history, [{ sequence: 1, facts: fleet }], numberOf);
  await rebuild(history, { acked: 1, now, attempt: 1 });
  const points = await versionTimeline(history, { app, from: now - 24 * hourMs, now, bucketMs: hourMs });
  expect(points.at(-1)).toMatchObject({ at: now, total: 5_000 });
  expect(Object.keys(points.at(-1)?.counts ?? {})).toHaveLength(5_000);
  expect(Object.keys((await breakdown(history, { app, now })).versions)).toHaveLength(5_000);
  const [day] = await presenceTimeline(history, {
    app,
    from: now - hourMs,
    to: now,
    bucketMs: 24 * hourMs,
    by: 'version',
  });
  expect(Object.keys(day?.counts ?? {})).toHaveLength(5_000);
});
