// Duplicates, other batch boundaries and late or shuffled delivery give the same bytes for every question; and these are
// the answers of a brute-force model.
import { randomUUID } from 'node:crypto';
import type { Fact } from '@platte/facts';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { modelBreakdown, type ModelState, statesAt } from '../test/model.js';
import { app, groups, makeFacts, makeRandom, shuffled } from '../test/random-facts.js';
import {
  type ArrivedBatch,
  breakdown,
  breakdownAsOf,
  createDatabase,
  currentState,
  type History,
  listMachines,
  machineHistory,
  type MachineState,
  migrateHistory,
  openHistory,
  rebuild,
  rebuildFromNothing,
  type Scope,
  statusTimeline,
  versionTimeline,
  writeFacts,
} from './history.js';

const from = Date.UTC(2026, 10, 2);
const spanMs = 4 * 86_400_000;
const now = from + spanMs + 90_500;
const scopes: Scope[] = [{ app }, { app, group: groups[0] }, { app, group: '' }, { app, arch: 'arm64' }];

const opened: History[] = [];
afterAll(async () => {
  for (const history of opened) {
    await history.run(`drop database ${history.database}`);
    await history.close();
  }
});

async function openFresh(): Promise<History> {
  const url = new URL(inject('clickhouseUrl'));
  const options = {
    url: url.origin,
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: `history_${randomUUID().replaceAll('-', '')}`,
    log: { info: () => {}, warn: () => {} },
  };
  await createDatabase(options, { cluster: '' });
  const history = openHistory(options);
  await migrateHistory(history);
  opened.push(history);
  return history;
}

const numbers = new Map<string, number>();
function numberOf(application: string, machine: string): number {
  const key = `${application}/${machine}`;
  const number = numbers.get(key) ?? numbers.size + 1;
  numbers.set(key, number);
  return number;
}

function toBatches(facts: readonly Fact[], size: number, firstSeq: number): ArrivedBatch[] {
  const batches: ArrivedBatch[] = [];
  for (let start = 0; start < facts.length; start += size) {
    batches.push({ sequence: firstSeq + batches.length, facts: facts.slice(start, start + size) });
  }
  return batches;
}

/** Batches in several inserts with a rebuild after some of them, as a running program does it. */
async function deliver(history: History, batches: ArrivedBatch[], rebuildEvery: number): Promise<void> {
  let attempt = 1;
  for (const [count, batch] of batches.entries()) {
    await writeFacts(history, [batch], numberOf);
    if (count % rebuildEvery === 0) await rebuild(history, { acked: batch.sequence, now: 0, attempt: attempt++ });
  }
  await rebuild(history, { acked: batches.at(-1)?.sequence ?? 0, now, attempt: attempt++ });
}

async function askEverything(history: History, facts: readonly Fact[]): Promise<Record<string, unknown>> {
  const answers: Record<string, unknown> = {};
  for (const scope of scopes) {
    const name = JSON.stringify(scope);
    answers[`now ${name}`] = await breakdown(history, { ...scope, now });
    for (const at of [from + 1, from + 86_400_000, from + 2 * 86_400_000 + 12_345, now - 60_000]) {
      answers[`as of ${at} ${name}`] = await breakdownAsOf(history, { ...scope, at });
    }
    for (const bucketMs of [13 * 60_000, 86_400_000]) {
      const range = { ...scope, from: from - 7_200_000, now, bucketMs };
      answers[`versions ${bucketMs} ${name}`] = await versionTimeline(history, range);
      answers[`statuses ${bucketMs} ${name}`] = await statusTimeline(history, range);
    }
  }
  for (const sort of ['id', 'lastSeen', 'version', 'ip'] as const) {
    answers[`list by ${sort}`] = await listMachines(history, { app, sort, limit: 100 });
  }
  for (const machine of new Set(facts.map((fact) => fact.machine))) {
    answers[`history of ${machine}`] = await machineHistory(history, { app, machine, limit: 1000, all: true });
    answers[`changes of ${machine}`] = await machineHistory(history, { app, machine, limit: 1000 });
    answers[`state of ${machine}`] = await currentState(history, { app, machine });
  }
  return answers;
}

const facts = makeFacts({ seed: 7, machines: 8, facts: 400, from, spanMs });
const ordered = facts.toSorted((a, b) => a.at - b.at || a.n - b.n);
const mixed = shuffled(facts, makeRandom(99));

describe('history', () => {
  let once: Record<string, unknown>;
  let history: History;
  beforeAll(async () => {
    history = await openFresh();
    await deliver(history, toBatches(ordered, 80, 1), 2);
    once = await askEverything(history, facts);
  });

  test.each([
    ['twice in the same batches', [...toBatches(ordered, 80, 1), ...toBatches(ordered, 80, 100)], 3],
    ['twice in other batches', [...toBatches(ordered, 80, 1), ...toBatches(ordered, 33, 100)], 9],
    ['shuffled', toBatches(mixed, 60, 1), 4],
    ['shuffled and twice', [...toBatches(mixed, 60, 1), ...toBatches(shuffled(mixed, makeRandom(3)), 71, 200)], 5],
    ['all at once', toBatches(ordered, 1000, 1), 1],
  ])('answers the same when facts arrive %s', async (_, batches, rebuildEvery) => {
    const again = await openFresh();
    await deliver(again, batches, rebuildEvery);
    expect(await askEverything(again, facts)).toEqual(once);
  });

  test('answers the same after a rebuild from nothing', async () => {
    await rebuildFromNothing(history, { now, attempt: 1_000_000 });
    expect(await askEverything(history, facts)).toEqual(once);
  });

  test('counts the fleet at any moment as the model does', async () => {
    const random = makeRandom(5);
    for (const scope of scopes) {
      expect(await breakdown(history, { ...scope, now })).toEqual(modelBreakdown(facts, scope, now));
      for (let count = 0; count < 12; count++) {
        const at = from + random(now - from);
        expect(await breakdownAsOf(history, { ...scope, at })).toEqual(modelBreakdown(facts, scope, at));
      }
    }
  });

  test('draws timelines as the model does, and ends them with the breakdown of now', async () => {
    for (const scope of scopes) {
      const points = await versionTimeline(history, { ...scope, from, now, bucketMs: 17 * 60_000 });
      for (const { at, total, counts } of points.slice(0, -1)) {
        const model = modelBreakdown(facts, scope, at - 1);
        expect({ at, total, counts }).toEqual({ at, total: model.total, counts: model.versions });
      }
      expect(points.at(-1)?.counts).toEqual((await breakdown(history, { ...scope, now })).versions);
    }
  });

  test('knows every machine as the model does', async () => {
    for (const [machine, model] of statesAt(facts, app, Infinity)) {
      const state = await currentState(history, { app, machine });
      expect(state && toModel(state)).toEqual(model.deleted ? null : model);
    }
  });
});

/** What the model knows too, in its words. */
function toModel(state: MachineState): ModelState {
  return {
    machine: state.machine,
    group: state.group ?? '',
    channel: state.channel ?? '',
    arch: state.arch,
    oem: state.oem,
    version: state.version,
    status: state.status === 'unknown' ? '' : state.status,
    firstSeen: state.firstSeen,
    lastSeen: state.lastSeen,
    deleted: false,
    reason: state.answer?.reason ?? null,
    answeredAt: state.answer?.at ?? 0,
    errorCode: state.failure?.errorCode ?? null,
  };
}
