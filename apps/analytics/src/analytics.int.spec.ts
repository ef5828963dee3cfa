// Facts from the log into the history, with real servers: nothing is lost or doubled when an insert fails, when a replica
// dies between insert and acknowledgement, or when replicas share the work.
import { randomBytes, randomUUID } from 'node:crypto';
import { connectNats, ensureStreams, logNames, makeAppender, type NatsConnection, openSpool } from '@platte/fact-log';
import { makePositions, type MachineCheckedIn } from '@platte/facts';
import { breakdown, createDatabase, currentState, type History, migrateHistory, openHistory } from '@platte/history';
import { makeLog, makeMetrics } from '@platte/service';
import {
  closeStore,
  type FreshDatabase,
  makeFreshDatabase,
  makeMachineNumbers,
  openStore,
  type Store,
} from '@platte/state-store';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, inject, test, vi } from 'vitest';
import { type FactWriter, startFactWriter } from './fact-writer.js';
import { startRebuilder } from './rebuilder.js';

/** For a machine that is busy with other tests. */
const patience = { timeout: 30_000, interval: 20 };
const app = 'e96281a6-d1af-4bde-9a0a-97b76e56dc57';
const group = 'aaaaaaaa-0000-4000-8000-000000000001';
const log = makeLog({ program: 'analytics', level: 'silent' });
const config = { batchFactsMax: 1000, batchDelay: 20, archive: true };
const place = makePositions(5);

let prefix: string;
let nats: NatsConnection;
let database: FreshDatabase;
let store: Store;
let history: History;
let folder: string;
let append: (facts: MachineCheckedIn[]) => Promise<void>;
const ends: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  prefix = `analytics-${randomBytes(4).toString('hex')}`;
  folder = await mkdtemp(join(tmpdir(), 'platte-analytics-'));
  nats = await connectNats({ url: inject('natsUrl'), name: 'analytics-test', say: () => {} });
  await ensureStreams(nats, { replicas: 1, factsBytesMax: 2 ** 22, prefix });
  database = await makeFreshDatabase(inject('postgresUrl'));
  store = openStore({ url: database.url });
  history = await openFreshHistory();
  const spool = await openSpool({ folder, bytesMax: 2 ** 20, say: () => {} });
  const appender = makeAppender({ nc: nats, program: 'test', spool, say: () => {}, prefix });
  append = (facts) => appender.appendAll(facts);
  ends.push(
    () => appender.close(1000),
    () => spool.close(),
  );
});

afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
  const names = logNames(prefix);
  for (const stream of [names.facts.stream, names.refused.stream, names.parked.stream, `KV_${names.bucket}`]) {
    await nats.request(`$JS.API.STREAM.DELETE.${stream}`);
  }
  await nats.close();
  await history.run(`drop database ${history.database}`);
  await history.close();
  await closeStore(store);
  await database.drop();
  await rm(folder, { recursive: true });
});

async function openFreshHistory(): Promise<History> {
  const url = new URL(inject('clickhouseUrl'));
  const options = {
    url: url.origin,
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: `analytics_${randomUUID().replaceAll('-', '')}`,
    log,
  };
  await createDatabase(options, { cluster: '' });
  const opened = openHistory(options);
  await migrateHistory(opened);
  return opened;
}

async function startReplica(into: History = history): Promise<FactWriter> {
  const numbers = makeMachineNumbers(store);
  const metrics = makeMetrics({ program: 'analytics' });
  const writer = await startFactWriter({ nats, history: into, numbers, config, log, metrics, prefix });
  ends.push(() => writer.stop(5000));
  return writer;
}

function keepTimelines(writer: FactWriter, name: string) {
  const aborter = new AbortController();
  const rebuilder = startRebuilder({
    history,
    postgresUrl: database.url,
    ackFloor: writer.ackFloor,
    now: Date.now,
    pauseMs: 100,
    nextAttempt: () => randomBytes(5).readUIntBE(0, 5),
    log: makeLog({ program: name, level: 'silent' }),
    metrics: makeMetrics({ program: 'analytics' }),
    signal: aborter.signal,
  });
  const stop = async () => {
    aborter.abort();
    await rebuilder.ended;
  };
  ends.push(stop);
  return { ...rebuilder, stop };
}

const checkIns = (count: number, version: string): MachineCheckedIn[] =>
  Array.from({ length: count }, (_, index) => ({
    kind: 'MachineCheckedIn',
    v: 1,
    app,
    machine: `machine-${index}`,
    ...place(Date.now()),
    version,
    group,
    channel: null,
    arch: 'amd64',
    rollout: null,
    reboots: true,
    oem: '',
    track: 'stable',
    ip: '10.0.0.1',
    alias: '',
    oemVersion: '',
    aleph: '',
    bootId: '',
    ping: true,
    heartbeat: true,
    source: 'scheduler',
    answer: { reason: 'up-to-date', inputs: {} },
  }));

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
  await startReplica();
  await append(checkIns(20, '1.0.0'));
  await vi.waitFor(async () => expect(await versionsNow()).toEqual({ '1.0.0': 20 }), patience);
  await append(checkIns(5, '2.0.0'));
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
  await startReplica(failingAt(insert, when));
  await append(checkIns(30, '1.0.0'));
  await vi.waitFor(async () => expect(await countOf('fact')).toBe(30), patience);
  expect(await countOf('fact_archive')).toBe(30);
  expect(await versionsNow()).toEqual({ '1.0.0': 30 });
});

test('replicas share the log and give a machine one number', async () => {
  await Promise.all([startReplica(), startReplica(), startReplica()]);
  await Promise.all(['1.0.0', '1.0.1', '1.0.2', '1.0.3'].map((version) => append(checkIns(40, version))));
  await vi.waitFor(async () => expect(await countOf('fact')).toBe(160), patience);
  const counted = await history.read('select uniqExact(inst) as machines from fact');
  expect(counted).toEqual([{ machines: 40 }]);
});

test('one replica keeps the timelines, and another takes over when it stops', async () => {
  const writer = await startReplica();
  const first = keepTimelines(writer, 'first');
  await append(checkIns(10, '1.0.0'));
  await vi.waitFor(async () => expect(await countOf('transition')).toBe(10), patience);
  const second = keepTimelines(writer, 'second');
  await vi.waitFor(() => expect(second.health().detail).toBe('another replica keeps the timelines'), patience);
  await first.stop();
  await append(checkIns(10, '2.0.0'));
  await vi.waitFor(async () => expect(await countOf('transition')).toBe(20), patience);
});
