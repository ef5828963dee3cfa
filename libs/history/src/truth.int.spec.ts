// However the fleet is counted, it is the same fleet: the rollup, the states of machines, the transitions and the views agree
// on random histories, and a timeline ends with the breakdown of now.
import { expect, test } from 'vitest';
import { numberOf, openFresh, toBatches } from '../test/fresh-history.js';
import { modelBreakdown } from '../test/model.js';
import { app, channels, groups, makeFacts, makeRandom, oems, removed } from '../test/random-facts.js';
import {
  breakdown,
  breakdownAsOf,
  type Counts,
  type History,
  rebuild,
  type Scope,
  statusTimeline,
  versionTimeline,
  writeFacts,
} from './history.js';

const dayMs = 86_400_000;
const from = Date.UTC(2026, 9, 30);
const spanMs = 4 * dayMs;
const minuteMs = 60_000;

function sumUp(all: readonly Counts[]): Counts {
  const sums = new Map<string, number>();
  for (const counts of all) {
    for (const [name, machines] of Object.entries(counts)) sums.set(name, (sums.get(name) ?? 0) + machines);
  }
  return Object.fromEntries(sums);
}

function scopesOf(random: (below: number) => number): Scope[] {
  return [
    { app },
    { app, group: groups[random(2)] },
    { app, group: removed.group },
    { app, channel: [...channels, removed.channel][random(3)], arch: random(2) === 0 ? 'amd64' : 'arm64' },
    { app, oem: oems[random(oems.length)] },
  ];
}

test.each([101, 102, 103, 104, 105, 106])('of history %i', async (seed) => {
  const random = makeRandom(seed);
  const facts = makeFacts({ seed, machines: 3 + random(9), facts: 120 + random(120), from, spanMs });
  const history = await openFresh();
  const batches = toBatches(facts, 30 + random(40), 1);
  // Some of it is not folded yet.
  const folded = 1 + random(batches.length);
  await writeFacts(history, batches, numberOf);
  const now = from + spanMs + random(dayMs);
  await rebuild(history, { acked: folded, now, attempt: seed });
  for (const scope of scopesOf(random)) {
    const counted = await breakdown(history, { ...scope, now });
    expect(counted).toEqual(modelBreakdown(facts, scope, now));
    for (const windowMs of [dayMs, dayMs + random(2 * dayMs)]) {
      const bucketMs = (1 + random(600)) * minuteMs;
      const [versions, statuses] = await Promise.all(
        [versionTimeline, statusTimeline].map((ask) => ask(history, { ...scope, from, now, bucketMs, windowMs })),
      );
      const { total, ...last } = await breakdown(history, { ...scope, now, windowMs });
      expect(versions?.at(-1)).toEqual({ at: now, total, counts: last.versions });
      expect(statuses?.at(-1)).toEqual({ at: now, total, counts: last.statuses });
    }
  }
  await rebuild(history, { acked: batches.length, now, attempt: seed + 1000 });
  await expectOneFleet(history, Math.floor(now / minuteMs) * minuteMs);
});

/** At a whole minute at which nothing happened, when all is folded. */
async function expectOneFleet(history: History, now: number): Promise<void> {
  const whole = await breakdown(history, { app, now });
  expect((await breakdownAsOf(history, { app, at: now })).versions).toEqual(whole.versions);
  // From the rollup alone: a timeline that ended a minute ago does not ask for now.
  const rolledUp = await versionTimeline(history, { app, from, to: now, now: now + minuteMs, bucketMs: 3_600_000 });
  expect(rolledUp.at(-1)).toEqual({ at: now, total: whole.total, counts: whole.versions });
  const byOem = await Promise.all(oems.map((oem) => breakdown(history, { app, oem, now })));
  expect(sumUp(byOem.map(({ versions }) => versions))).toEqual(whole.versions);
  const changed = await Promise.all(oems.map((oem) => breakdownAsOf(history, { app, oem, at: now })));
  expect(sumUp(changed.map(({ statuses }) => statuses))).toEqual(whole.statuses);
  const at = new Date(now).toISOString();
  const rows = await history.read<{ status: string; machines: number }>(
    `select status, count() as machines from v_machine_at(application = {app:String}, at = {at:String}, window = 86400) group by status`,
    { app, at },
  );
  expect(Object.fromEntries(rows.map(({ status, machines }) => [status, machines]))).toEqual(whole.statuses);
}
