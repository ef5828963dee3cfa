// PostgreSQL and ClickHouse fold the same facts, each in its own way, and know the same of every machine; and when they do
// not, it is found.
import { randomInt } from 'node:crypto';
import { followFacts } from '@platte/fact-log';
import { makePositions } from '@platte/facts';
import { activity } from '@platte/history';
import { makeMetrics } from '@platte/service';
import { foldFacts, makeInstanceCache } from '@platte/state-store';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { app, checkIns, makeProgram, silentLog, type TestProgram } from '../test/program.js';
import { startVerifier } from './verifier.js';

let program: TestProgram;
beforeEach(async () => {
  program = await makeProgram();
});
afterEach(() => program.end());

/** What policy does with the same facts. */
async function foldIntoPostgres(): Promise<void> {
  const { nats, prefix, store, onEnd } = program;
  const context = {
    catalog: new Map(),
    position: makePositions(randomInt(2 ** 32)),
    instances: makeInstanceCache(1000),
  };
  const follower = await followFacts({
    nc: nats,
    durable: 'policy',
    prefix,
    batchDelayMs: 20,
    onBatch: async (messages) =>
      void (await foldFacts(
        store,
        context,
        messages.flatMap(({ facts }) => facts),
      )),
  });
  onEnd(() => follower.stop());
}

function makeVerifier(later: number, metrics = makeMetrics({ program: 'analytics' })) {
  const aborter = new AbortController();
  const { nats, history, store, prefix, onEnd } = program;
  const verifier = startVerifier({
    nats,
    history,
    store,
    // As if the facts were a while old: those of this second are not compared.
    now: () => Date.now() + later,
    tell: (facts) => program.append([...facts]),
    position: makePositions(77),
    log: silentLog,
    metrics,
    signal: aborter.signal,
    periodMs: 3_600_000,
    patienceMs: 10,
    prefix,
  });
  onEnd(async () => {
    aborter.abort();
    await verifier.ended;
  });
  return verifier;
}

test('both stores know the same of every machine', async () => {
  await program.startReplica();
  await foldIntoPostgres();
  await program.append(checkIns(40, '1.0.0'));
  await program.append(checkIns(15, '2.0.0'));
  const [odd] = checkIns(1, '');
  await program.append([{ ...odd!, machine: 'machine-without-version' }]);
  expect(await makeVerifier(60_000).verify()).toEqual([{ application: app, machines: 41, differences: [] }]);
});

test('a machine of which they say different things is found, and told as a fact', async () => {
  await program.startReplica();
  await foldIntoPostgres();
  await program.append(checkIns(5, '1.0.0'));
  const verifier = makeVerifier(60_000);
  await verifier.verify();
  await program.store.pool.query("update instance set status = 'failed' where machine = 'machine-3'");
  const [verified] = await verifier.verify();
  expect(verified?.differences).toMatchObject([
    { machine: 'machine-3', elsewhere: { status: 'failed' }, here: { status: 'complete', version: '1.0.0' } },
  ]);
  const told = async () => (await activity(program.history, { apps: [app], limit: 5 })).items;
  await vi.waitFor(async () => expect(await told()).toHaveLength(1), { timeout: 30_000, interval: 20 });
  expect(await told()).toMatchObject([
    {
      kind: 'HistoryDiffered',
      app,
      position: 1,
      compared: 5,
      differing: 1,
      examples: [{ machine: 'machine-3', inState: { status: 'failed' }, inHistory: { status: 'complete' } }],
    },
  ]);
});

test('a difference raises a metric, which falls again when it is gone', async () => {
  await program.startReplica();
  await foldIntoPostgres();
  await program.append(checkIns(4, '1.0.0'));
  const metrics = makeMetrics({ program: 'analytics' });
  const verifier = makeVerifier(60_000, metrics);
  const valueOf = async (name: string) => (await metrics.registry.getSingleMetric(name)?.get())?.values[0]?.value;
  await verifier.verify();
  expect(await valueOf('platte_history_differing_machines')).toBe(0);
  expect(await valueOf('platte_history_compared_machines_total')).toBe(4);
  await program.store.pool.query(`update instance set version = '0.0.1' where machine in ('machine-0', 'machine-2')`);
  await verifier.verify();
  expect(await valueOf('platte_history_differing_machines')).toBe(2);
  await program.store.pool.query(`update instance set version = '1.0.0'`);
  await verifier.verify();
  expect(await valueOf('platte_history_differing_machines')).toBe(0);
  expect(await valueOf('platte_history_compared_machines_total')).toBe(12);
});

test.each([
  ['version', `update instance set version = '0.0.1'`],
  ['group', `update instance set update_group = '99999999-0000-4000-8000-000000000001'`],
  ['status', `update instance set status = 'failed'`],
])('another %s is found, of machines without a newer fact than the common position alone', async (_, plant) => {
  await program.startReplica();
  await foldIntoPostgres();
  const before = checkIns(3, '1.0.0').map((fact) => ({ ...fact, at: Date.now() - 60_000 }));
  await program.append(before);
  // Of now, so that it may be in one store and not in the other.
  const [, newer] = checkIns(2, '1.0.0');
  await program.append([newer!]);
  const verifier = makeVerifier(0);
  expect(await verifier.verify()).toEqual([{ application: app, machines: 2, differences: [] }]);
  await program.store.pool.query(plant);
  const [verified] = await verifier.verify();
  expect(verified).toMatchObject({ machines: 2 });
  expect(verified?.differences.map(({ machine }) => machine).toSorted()).toEqual(['machine-0', 'machine-2']);
});

test('last seen is not compared: PostgreSQL has a hint of it only', async () => {
  await program.startReplica();
  await foldIntoPostgres();
  await program.append(checkIns(3, '1.0.0').map((fact) => ({ ...fact, at: Date.now() - 60_000 })));
  const verifier = makeVerifier(0);
  await verifier.verify();
  await program.store.pool.query('update instance set seen_at = seen_at - 50000000');
  expect(await verifier.verify()).toEqual([{ application: app, machines: 3, differences: [] }]);
});

test('a machine with a fact on its way is left out', async () => {
  await program.startReplica();
  await foldIntoPostgres();
  await program.append(checkIns(5, '1.0.0'));
  expect(await makeVerifier(0).verify()).toEqual([{ application: app, machines: 0, differences: [] }]);
});
