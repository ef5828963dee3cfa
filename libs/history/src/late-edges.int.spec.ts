// Facts that are so late that rows of their age were taken away by TTL: they change no answer. And facts that are late, but
// not so late, are folded right although what came before them is there no longer.
import { type Fact, isCounted } from '@platte/facts';
import { beforeAll, describe, expect, test } from 'vitest';
import { numberOf, openFresh, toBatches } from '../test/fresh-history.js';
import { modelBreakdown, modelPresence } from '../test/model.js';
import { app, groups, makeFacts, makeRandom, shuffled } from '../test/random-facts.js';
import {
  applyRetention,
  breakdown,
  breakdownAsOf,
  currentState,
  failures,
  type History,
  listMachines,
  machineHistory,
  presenceTimeline,
  rebuild,
  retentionDefaults,
  type Scope,
  statusTimeline,
  updateFunnel,
  versionTimeline,
  writeFacts,
} from './history.js';

const [hourMs, dayMs] = [3_600_000, 86_400_000];
const now = Math.floor(Date.now() / dayMs) * dayMs + 7 * hourMs;
const rowsFrom = now - retentionDefaults.rowsMs;
const oldest = rowsFrom + dayMs;
const presenceFrom = { hours: now - retentionDefaults.presenceHoursMs + hourMs, days: 0 };
const scopes: Scope[] = [{ app }, { app, group: groups[0] }, { app, oem: 'ami' }, { app, arch: 'arm64' }];

/** Some machines are seen before the edge only, some change nothing after it, some go on. */
const early = makeFacts({ seed: 41, machines: 24, facts: 200, from: rowsFrom - 20 * dayMs, spanMs: 19 * dayMs });
const lately = makeFacts({ seed: 42, machines: 12, facts: 240, from: now - 8 * dayMs, spanMs: 8 * dayMs - hourMs });
const late = makeFacts({ seed: 43, machines: 24, facts: 80, from: oldest + dayMs, spanMs: 170 * dayMs });
// What tests said is told from the archive, which is never too late.
const tooLate = makeFacts({
  seed: 44,
  machines: 30,
  facts: 120,
  from: rowsFrom - 25 * dayMs,
  spanMs: 25 * dayMs,
}).filter(isCounted);

let attempt = 1;
let sequence = 1;

async function arrive(
  history: History,
  facts: readonly Fact[],
  given: { oldest?: number; at: number },
): Promise<number> {
  const batches = toBatches(facts, 40, sequence);
  sequence += batches.length;
  let counted = 0;
  for (const batch of batches) {
    counted += (await writeFacts(history, [batch], numberOf, { archive: true, oldest: given.oldest })).late;
    await rebuild(history, { acked: batch.sequence, now: given.at, attempt: attempt++, presenceFrom });
  }
  return counted;
}

/** As ClickHouse does it by and by. */
async function takeAwayOldRows(history: History): Promise<void> {
  for (const table of ['fact', 'delta', 'presence_hour', 'transition'])
    await history.run(`optimize table ${table} final`);
}

async function ask(history: History): Promise<Record<string, unknown>> {
  const answers: Record<string, unknown> = {};
  for (const scope of scopes) {
    const name = JSON.stringify(scope);
    const range = { ...scope, from: rowsFrom - 10 * dayMs, now };
    answers[`now ${name}`] = await breakdown(history, { ...scope, now });
    answers[`versions ${name}`] = await versionTimeline(history, { ...range, bucketMs: 5 * dayMs });
    answers[`statuses ${name}`] = await statusTimeline(history, { ...range, bucketMs: 5 * dayMs });
    answers[`longer ${name}`] = await statusTimeline(history, { ...range, bucketMs: 5 * dayMs, windowMs: 3 * dayMs });
    answers[`fine ${name}`] = await versionTimeline(history, {
      ...range,
      from: now - 8 * dayMs,
      bucketMs: 50 * 60_000,
    });
    answers[`failures ${name}`] = await failures(history, { ...scope, from: 0, to: now });
    for (const bucketMs of [6 * hourMs, dayMs]) {
      const asked = { ...scope, from: now - 150 * dayMs, to: now, bucketMs, by: 'version' } as const;
      answers[`presence ${bucketMs} ${name}`] = await presenceTimeline(history, asked);
    }
  }
  answers['list'] = await listMachines(history, { app, sort: 'firstSeen', limit: 100 });
  answers['funnel'] = await updateFunnel(history, { app, from: 0, to: now });
  for (const machine of new Set([...early, ...tooLate].map((fact) => fact.machine))) {
    answers[`history of ${machine}`] = await machineHistory(history, { app, machine, limit: 1000, all: true });
    answers[`state of ${machine}`] = await currentState(history, { app, machine });
  }
  return answers;
}

describe('a history of which TTL has taken rows away', () => {
  let history: History;
  const known = [...early, ...lately];
  beforeAll(async () => {
    history = await openFresh({ keepsForGood: false });
    await applyRetention(history, retentionDefaults);
    await history.run('system stop ttl merges fact');
    await arrive(history, early, { at: rowsFrom });
    await arrive(history, shuffled(lately, makeRandom(2)), { at: now });
    await history.run('system start ttl merges fact');
    await takeAwayOldRows(history);
  });

  test('has lost rows, and still counts every machine right', async () => {
    const [rows] = await history.read<{ old: number }>(
      `select countIf(at < fromUnixTimestamp64Milli(${rowsFrom})) as old from fact`,
    );
    expect(rows).toEqual({ old: 0 });
    await expectModel(known);
  });

  test('is not changed by facts that are older than the rows that it keeps', async () => {
    const before = await ask(history);
    const counted = await arrive(history, tooLate, { oldest, at: now });
    expect(counted).toBe(tooLate.filter(({ machine }) => machine !== '').length);
    expect(await ask(history)).toEqual(before);
    await takeAwayOldRows(history);
    expect(await ask(history)).toEqual(before);
    const archived = await history.read<{ facts: number }>(
      "select count() as facts from fact_archive final where kind != 'MachineDreamt'",
    );
    expect(archived).toEqual([{ facts: known.length + tooLate.length }]);
  });

  test('takes late facts in whose past is gone, as if they had come in time', async () => {
    expect(await arrive(history, late, { oldest, at: now })).toBe(0);
    await expectModel([...known, ...late]);
    await takeAwayOldRows(history);
    await expectModel([...known, ...late]);
    const hours = { app, from: now - 150 * dayMs, to: now, bucketMs: 6 * hourMs, by: 'version' } as const;
    const old = (await presenceTimeline(history, hours)).filter(({ at }) => at < now - 101 * dayMs);
    expect(old.filter(({ total }) => total > 0)).toEqual([]);
  });

  async function expectModel(facts: readonly Fact[]): Promise<void> {
    for (const scope of scopes) {
      expect(await breakdown(history, { ...scope, now })).toEqual(modelBreakdown(facts, scope, now));
      for (const daysAgo of [190, 181, 179, 100, 46, 44, 7, 3, 0.5]) {
        const at = now - daysAgo * dayMs;
        const asked = await breakdownAsOf(history, { ...scope, at });
        expect(asked).toEqual(modelBreakdown(facts, scope, at));
        expect(await breakdownAsOf(history, { ...scope, at, windowMs: 3 * dayMs })).toEqual(
          modelBreakdown(facts, scope, at, at, 3 * dayMs),
        );
      }
    }
    const days = { app, from: now - 190 * dayMs, to: now, bucketMs: dayMs, by: 'status' } as const;
    const points = await presenceTimeline(history, days);
    expect(points).toEqual(points.map(({ at }) => modelPresence(facts, { app }, at, at + dayMs, 'status')));
  }
});
