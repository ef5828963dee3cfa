// Duplicates, other batch boundaries and late or shuffled delivery give the same bytes for every question; and these are
// the answers of a brute-force model.
import { beforeAll, describe, expect, test } from 'vitest';
import { askEverything, deliver, from, now, scopes, spanMs } from '../test/ask-everything.js';
import { numberOf, openFresh, toBatches } from '../test/fresh-history.js';
import {
  modelBreakdown,
  modelFailures,
  modelFunnel,
  modelHistory,
  modelPresence,
  modelProgress,
  modelSeen,
  modelSilent,
  type ModelState,
  statesAt,
} from '../test/model.js';
import { app, channels, groups, makeFacts, makeRandom, shuffled, versions } from '../test/random-facts.js';
import {
  breakdown,
  breakdownAsOf,
  countMachines,
  currentState,
  differenceOf,
  failures,
  type History,
  listMachines,
  type MachineFilter,
  type MachineListing,
  machineHistory,
  machinesSeen,
  type MachineState,
  type Params,
  presenceTimeline,
  rebuild,
  rebuildFromNothing,
  silentMachines,
  statusCounts,
  statusTimeline,
  updateFunnel,
  versionTimeline,
  writeFacts,
} from './history.js';

const facts = makeFacts({ seed: 7, machines: 8, facts: 400, from, spanMs });
const ordered = facts.toSorted((a, b) => a.at - b.at || a.n - b.n);
const mixed = shuffled(facts, makeRandom(99));

/** Each answer as it goes over the wire: the order of names counts, too. */
const toBytes = (answers: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(answers).map(([question, answer]) => [question, JSON.stringify(answer)]));

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
    ['days late, in order', toBatches(ordered, 50, 1), 1, now],
    ['days late, shuffled', toBatches(mixed, 50, 1), 1, now],
  ])('answers the same when facts arrive %s', async (_, batches, rebuildEvery, clock = 0) => {
    const again = await openFresh();
    await deliver(again, batches, rebuildEvery, [again], clock);
    expect(toBytes(await askEverything(again, facts))).toEqual(toBytes(once));
  });

  test('answers the same after a rebuild from nothing', async () => {
    await rebuildFromNothing(history, { now, attempt: 1_000_000 });
    expect(toBytes(await askEverything(history, facts))).toEqual(toBytes(once));
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

  test('counts by OEM and with a longer activity window as the model does', async () => {
    const random = makeRandom(8);
    for (const scope of [{ app, oem: 'ami' }, { app, oem: 'qemu', group: groups[0] }, { app }]) {
      for (const windowMs of [86_400_000, 36 * 3_600_000, 3 * 86_400_000]) {
        for (let count = 0; count < 4; count++) {
          const at = from + random(now - from);
          expect(await breakdownAsOf(history, { ...scope, at, windowMs })).toEqual(
            modelBreakdown(facts, scope, at, at, windowMs),
          );
        }
        const points = await statusTimeline(history, { ...scope, windowMs, from, now, bucketMs: 5 * 3_600_000 });
        expect(points).toEqual(
          points.map(({ at }) => {
            const isNow = at === now;
            const { total, statuses } = modelBreakdown(
              facts,
              scope,
              isNow ? at : at - 1,
              isNow ? at : at - 1,
              windowMs,
            );
            return { at, total, counts: statuses };
          }),
        );
      }
    }
  });

  test('counts who was there as the model does', async () => {
    for (const scope of [...scopes, { app, oem: 'ami' }]) {
      for (const by of ['version', 'status'] as const) {
        for (const bucketMs of [86_400_000, 3 * 3_600_000, 45 * 60_000]) {
          const points = await presenceTimeline(history, { ...scope, from, to: from + 86_400_000 * 2, bucketMs, by });
          expect(points).toEqual(points.map(({ at }) => modelPresence(facts, scope, at, at + bucketMs, by)));
        }
      }
      const [early, late] = [from + 12_345_678, now - 23_456_789];
      expect(await machinesSeen(history, { ...scope, from: early, to: late })).toBe(
        modelSeen(facts, scope, early, late),
      );
    }
  });

  test('groups failures as the model does', async () => {
    for (const scope of [...scopes, { app, oem: 'ami' }]) {
      const found = await failures(history, { ...scope, from: from + 7_777_777, to: now });
      const counts = found.map(({ status, errorCode, version, oem, failures, machines, lastAt }) => [
        JSON.stringify([status, errorCode, version, oem]),
        { failures, machines, lastAt },
      ]);
      expect(Object.fromEntries(counts)).toEqual(modelFailures(facts, scope, from + 7_777_777, now));
    }
  });

  test('follows attempts and finds silent machines as the model does', async () => {
    const later = now + 6 * 3_600_000;
    for (const scope of [...scopes, { app, oem: 'ami' }]) {
      for (const [begin, end] of [
        [0, now],
        [from + 86_400_000, now - 86_400_000],
      ] as const) {
        expect(await updateFunnel(history, { ...scope, from: begin, to: end })).toEqual(
          modelFunnel(facts, scope, begin, end),
        );
      }
      const silent = await silentMachines(history, { ...scope, now: later });
      expect(silent.map(({ state }) => state.machine).toSorted()).toEqual(modelSilent(facts, scope, later).toSorted());
    }
  });

  test('counts how far a group has come, and what changed between two moments, as the model does', async () => {
    const random = makeRandom(12);
    for (const scope of [...scopes, { app, oem: 'qemu' }]) {
      for (let count = 0; count < 6; count++) {
        const [early = 0, late = 0] = [from + random(now - from), from + random(now - from)].toSorted((a, b) => a - b);
        expect(await statusCounts(history, { ...scope, from: early, to: late })).toEqual(
          modelProgress(facts, scope, early, late),
        );
        const difference = await differenceOf(history, { ...scope, from: early, to: late });
        const [before, after] = [modelBreakdown(facts, scope, early), modelBreakdown(facts, scope, late)];
        expect([difference.from, difference.to]).toEqual([before, after]);
        for (const of of ['versions', 'statuses'] as const) {
          expect(difference[of]).toEqual(
            Object.fromEntries(
              Object.keys({ ...before[of], ...after[of] }).flatMap((name) => {
                const change = (after[of][name] ?? 0) - (before[of][name] ?? 0);
                return change === 0 ? [] : [[name, change]];
              }),
            ),
          );
        }
      }
    }
  });

  test('tells what happened to a machine as the model does, page by page', async () => {
    for (const machine of new Set(facts.map((fact) => fact.machine))) {
      // The second finds changes here, the third has the engine find them.
      for (const { all, factsMax } of [{ all: true }, { all: false }, { all: false, factsMax: 1 }]) {
        const told: { at: number; n: number; kind: string; repeats: number }[] = [];
        for (let before: { at: number; n: number } | undefined; ;) {
          const page = await machineHistory(history, { app, machine, all, factsMax, limit: 7, before });
          told.push(...page.items.map(({ at, n, kind, repeats }) => ({ at, n, kind, repeats })));
          if (page.next === null) break;
          before = page.next;
        }
        expect(told).toEqual(modelHistory(facts, app, machine, all));
      }
    }
  });

  test('lists exactly the machines that a filter names, page by page', async () => {
    const states = [...statesAt(facts, app, Infinity).values()].filter(({ deleted }) => !deleted);
    const filters: [MachineFilter, (state: ModelState) => boolean][] = [
      [{ app }, () => true],
      [{ app, group: groups[1] }, ({ group }) => group === groups[1]],
      [{ app, statuses: ['unknown', 'failed'] }, ({ status }) => ['', 'failed'].includes(status)],
      [{ app, versions: ['4152.2.0'] }, ({ version }) => version === '4152.2.0'],
      [{ app, seenSince: now - 86_400_000 }, ({ lastSeen }) => lastSeen >= now - 86_400_000],
      [{ app, notSeenSince: now - 86_400_000 }, ({ lastSeen }) => lastSeen < now - 86_400_000],
      [{ app, errorCode: '9' }, ({ errorCode }) => errorCode === '9'],
      [{ app, search: 'MACHINE-0003' }, ({ machine }) => machine === 'machine-0003'],
      [{ app, search: 'wörker-ω' }, ({ alias }) => alias === 'Wörker-Ω'],
      [{ app, search: '10.0.2.' }, ({ ip }) => ip.startsWith('10.0.2.')],
      [{ app, ip: states[0]?.ip ?? '' }, ({ ip }) => ip === states[0]?.ip],
      [{ app, oem: 'ami', channel: channels[0] }, ({ oem, channel }) => oem === 'ami' && channel === channels[0]],
      [{ app, machines: ['machine-0001', 'machine-0002', "no'such"] }, ({ machine }) => /000[12]$/.test(machine)],
      [{ app, versions: [versions.at(-1) ?? ''] }, ({ version }) => version === versions.at(-1)],
      [{ app, search: "'; drop table machine --" }, () => false],
      [{ app, reasons: ['up-to-date'] }, ({ reason }) => reason === 'up-to-date'],
    ];
    for (const [filter, isWanted] of filters) {
      const wanted = states.filter(isWanted).map(({ machine }) => machine);
      expect(await countMachines(history, filter)).toBe(wanted.length);
      for (const sort of ['lastSeen', 'version', 'id'] as const) {
        expect((await listAll(history, { ...filter, sort, limit: 3 })).toSorted()).toEqual(wanted.toSorted());
      }
    }
    const keys = { lastSeen: 'lastSeen', firstSeen: 'firstSeen', id: 'machine' } as const;
    for (const sort of ['lastSeen', 'firstSeen', 'id'] as const) {
      const sorted = states.toSorted((a, b) => (a[keys[sort]] < b[keys[sort]] ? -1 : 1)).map(({ machine }) => machine);
      expect(await listAll(history, { app, sort, limit: 3 })).toEqual(sorted);
      expect(await listAll(history, { app, sort, limit: 2, descending: true })).toEqual(sorted.toReversed());
    }
  });

  test('shows what arrived before it is folded', async () => {
    const unfolded = await openFresh();
    await writeFacts(unfolded, toBatches(mixed.slice(0, 200), 50, 1), numberOf);
    await rebuild(unfolded, { acked: 4, now, attempt: 1 });
    await writeFacts(unfolded, toBatches(mixed.slice(200), 50, 5), numberOf);
    for (const scope of scopes) {
      for (const at of [now, now + 3 * 3_600_000, now + 23 * 3_600_000]) {
        expect(await breakdown(unfolded, { ...scope, now: at })).toEqual(modelBreakdown(facts, scope, at));
      }
      const points = await presenceTimeline(unfolded, { ...scope, from, to: now, bucketMs: 86_400_000, by: 'version' });
      expect(points).toEqual(points.map(({ at }) => modelPresence(facts, scope, at, at + 86_400_000, 'version')));
    }
  });

  test('counts the fleet of now when a rebuild ends after its sum was read, and before the look at the watermark', async () => {
    const fresh = await openFresh();
    await writeFacts(fresh, toBatches(mixed.slice(0, 200), 50, 1), numberOf);
    await rebuild(fresh, { acked: 4, now, attempt: 1 });
    let isLate = false;
    const racing: History = {
      ...fresh,
      async read<Row>(question: string, params?: Params) {
        if (isLate && question.includes('from fresh')) {
          isLate = false;
          await rebuild(fresh, { acked: 1_000, now, attempt: 2 });
        }
        return fresh.read<Row>(question, params);
      },
    };
    const [scope] = scopes;
    await breakdown(racing, { ...scope!, now });
    await writeFacts(fresh, toBatches(mixed.slice(200), 50, 5), numberOf);
    isLate = true;
    expect(await breakdown(racing, { ...scope!, now })).toEqual(modelBreakdown(facts, scope!, now));
    expect(isLate).toBe(false);
  });

  test('counts the fleet of now while a rebuild publishes, and after one died', async () => {
    const torn = await openFresh();
    await deliver(torn, toBatches(ordered, 80, 1), 2);
    await torn.run(`insert into delta (app, dim, tier, grp, t, channel, arch, value, d, run)
      select app, dim, tier, grp, t + interval 1 hour, channel, arch, value, 1000, run + 1 from delta where tier = 3600`);
    const [scope] = scopes;
    expect(await breakdown(torn, { ...scope!, now })).not.toEqual(modelBreakdown(facts, scope!, now));
    const longer = { ...scope!, windowMs: 3 * 86_400_000, from, now, bucketMs: 5 * 3_600_000 };
    expect(await statusTimeline(torn, longer)).not.toEqual(await statusTimeline(history, longer));
    await torn.run(
      `insert into watermark (name, run, seq, silence) values ('publishing', 1000000, 0, toDateTime(0, 'UTC'))`,
    );
    expect(await breakdown(torn, { ...scope!, now })).toEqual(modelBreakdown(facts, scope!, now));
    expect(await statusTimeline(torn, longer)).toEqual(await statusTimeline(history, longer));
  });

  test('knows every machine as the model does', async () => {
    for (const [machine, model] of statesAt(facts, app, Infinity)) {
      const state = await currentState(history, { app, machine });
      // Where it was deleted and only tests spoke since, its page is theirs.
      const isCounted = state !== null && state.testSource === '';
      expect(isCounted ? toModel(state) : null).toEqual(model.deleted ? null : model);
    }
  });
});

async function listAll(history: History, listing: MachineListing): Promise<string[]> {
  const listed: string[] = [];
  for (let cursor: string | undefined; ;) {
    const { items, next } = await listMachines(history, { ...listing, cursor });
    listed.push(...items.map(({ machine }) => machine));
    if (next === null) return listed;
    cursor = next;
  }
}

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
    ip: state.ip,
    alias: state.alias,
    reason: state.answer?.reason ?? null,
    answeredAt: state.answer?.at ?? 0,
    errorCode: state.failure?.errorCode ?? null,
  };
}
