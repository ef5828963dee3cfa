// Facts from the log into the history, with real servers: nothing is lost or doubled when an insert fails, when a replica
// dies between insert and acknowledgement, or when replicas share the work.
import { breakdown, currentState, type History } from '@platte/history';
import { makeMetrics, type Metrics } from '@platte/service';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { app, checkIns, group, makeProgram, type TestProgram } from '../test/program.js';

/** For a machine that is busy with other tests. */
const patience = { timeout: 30_000, interval: 20 };
let program: TestProgram;
let history: History;
beforeEach(async () => {
  program = await makeProgram();
  history = program.history;
});
afterEach(() => program.end());

const versionsNow = async () => (await breakdown(history, { app, group, now: Date.now() })).versions;
const countOf = async (table: string) =>
  (await history.read<{ rows: number }>(`select count() as rows from ${table} final`))[0]?.rows;

/** Fails in the way of an engine that is away, or of a process that dies, at the given insert. */
function failingAt(insert: number, when: 'before' | 'after'): History {
  let inserts = 0;
  return {
    ...history,
    async insert(statement, rows) {
      inserts += 1;
      if (inserts === insert && when === 'before') throw new Error('the engine is away');
      await history.insert(statement, rows);
      if (inserts === insert && when === 'after') throw new Error('died before the acknowledgement');
    },
  };
}

test('facts of the log can be asked for, and the newest says where a machine is', async () => {
  await program.startReplica();
  await program.append(checkIns(20, '1.0.0'));
  await vi.waitFor(async () => expect(await versionsNow()).toEqual({ '1.0.0': 20 }), patience);
  await program.append(checkIns(5, '2.0.0'));
  await vi.waitFor(async () => expect(await versionsNow()).toEqual({ '1.0.0': 15, '2.0.0': 5 }), patience);
  expect(await currentState(history, { app, machine: 'machine-3' })).toMatchObject({
    version: '2.0.0',
    status: 'complete',
  });
});

test.each([
  ['the archive cannot be written', 1, 'before'],
  ['the rows cannot be written', 2, 'before'],
  ['a replica dies before it acknowledges', 2, 'after'],
] as const)('nothing is lost or doubled when %s', async (_, insert, when) => {
  await program.startReplica(failingAt(insert, when));
  await program.append(checkIns(30, '1.0.0'));
  // The tables of one insert show it one after the other.
  await vi.waitFor(async () => expect(await versionsNow()).toEqual({ '1.0.0': 30 }), patience);
  await vi.waitFor(async () => expect(await countOf('fact')).toBe(30), patience);
  expect(await countOf('fact_archive')).toBe(30);
});

const valuesOf = async (metrics: Metrics, name: string) =>
  (await metrics.registry.getSingleMetric(name)?.get())?.values ?? [];
const delay = 'platte_history_delay_seconds';

test('the delay is that from a fact to the moment at which it can be asked for', async () => {
  const metrics = makeMetrics({ program: 'analytics' });
  await program.startReplica(history, metrics);
  const hourAgo = Date.now() - 3_600_000;
  await program.append(checkIns(3, '1.0.0').map((fact) => ({ ...fact, at: hourAgo })));
  const measured = async (what: string) => {
    const values: { metricName?: string; value: number }[] = await valuesOf(metrics, delay);
    return values.find(({ metricName }) => metricName === `${delay}_${what}`)?.value ?? 0;
  };
  await vi.waitFor(async () => expect(await measured('count')).toBe(1), patience);
  expect(await versionsNow()).toEqual({ '1.0.0': 3 });
  expect(await measured('sum')).toBeGreaterThanOrEqual(3600);
  expect(await measured('sum')).toBeLessThanOrEqual((Date.now() - hourAgo) / 1000);
});

test('no delay is measured while nothing can be asked for', async () => {
  const metrics = makeMetrics({ program: 'analytics' });
  const tried = Promise.withResolvers<void>();
  const away: History = {
    ...history,
    async insert() {
      tried.resolve();
      throw new Error('the engine is away');
    },
  };
  await program.startReplica(away, metrics);
  await program.append(checkIns(3, '1.0.0'));
  await tried.promise;
  expect((await valuesOf(metrics, delay)).filter(({ value }) => value > 0)).toEqual([]);
});

test('facts that are older than rows are kept are archived, and counted', async () => {
  const metrics = makeMetrics({ program: 'analytics' });
  await program.startReplica(history, metrics);
  const ancient = Date.now() - 300 * 86_400_000;
  const old = checkIns(2, '0.9.0').map((fact) => ({ ...fact, at: ancient }));
  await program.append([...old, ...checkIns(3, '1.0.0')]);
  await vi.waitFor(async () => expect(await countOf('fact')).toBe(3), patience);
  expect(await countOf('fact_archive')).toBe(5);
  const counted = async () =>
    expect(await valuesOf(metrics, 'platte_history_late_facts_total')).toMatchObject([{ value: 2 }]);
  await vi.waitFor(counted, patience);
});

test('replicas share the log and give a machine one number', async () => {
  await Promise.all([program.startReplica(), program.startReplica(), program.startReplica()]);
  await Promise.all(['1.0.0', '1.0.1', '1.0.2', '1.0.3'].map((version) => program.append(checkIns(40, version))));
  await vi.waitFor(async () => expect(await countOf('fact')).toBe(160), patience);
  const counted = await history.read('select uniqExact(inst) as machines from fact');
  expect(counted).toEqual([{ machines: 40 }]);
});

test('one replica keeps the timelines, and another takes over when it stops', async () => {
  const writer = await program.startReplica();
  const first = program.keepTimelines(writer);
  await program.append(checkIns(10, '1.0.0'));
  await vi.waitFor(async () => expect(await countOf('transition')).toBe(10), patience);
  const second = program.keepTimelines(writer);
  await vi.waitFor(() => expect(second.health().detail).toBe('another replica keeps the timelines'), patience);
  expect([first.isLeading(), second.isLeading()]).toEqual([true, false]);
  await first.stop();
  await program.append(checkIns(10, '2.0.0'));
  await vi.waitFor(async () => expect(await countOf('transition')).toBe(20), patience);
  expect([first.isLeading(), second.isLeading()]).toEqual([false, true]);
});
