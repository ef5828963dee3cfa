// The parts of analytics for a test: names in NATS, a database in PostgreSQL and one in ClickHouse of its own, real servers.
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectNats, ensureStreams, logNames, makeAppender, type NatsConnection, openSpool } from '@platte/fact-log';
import { type Fact, makePositions, type MachineCheckedIn } from '@platte/facts';
import { createDatabase, type History, migrateHistory, numbersOf, openHistory } from '@platte/history';
import { makeLog, makeMetrics, type Metrics } from '@platte/service';
import { closeStore, makeFreshDatabase, makeMachineNumbers, openStore, type Store } from '@platte/state-store';
import { inject } from 'vitest';
import { type FactWriter, startFactWriter } from '../src/fact-writer.js';
import { startRebuilder } from '../src/rebuilder.js';

export const app = 'e96281a6-d1af-4bde-9a0a-97b76e56dc57';
export const group = 'aaaaaaaa-0000-4000-8000-000000000001';
export const silentLog = makeLog({ program: 'analytics', level: 'silent' });
const config = {
  batchFactsMax: 1000,
  batchDelay: 20,
  batchDelayBusy: 20,
  archive: true,
  historyRowsKept: 180 * 86_400_000,
};
const place = makePositions(5);

export interface TestProgram {
  prefix: string;
  nats: NatsConnection;
  postgresUrl: string;
  store: Store;
  history: History;
  append: (facts: Fact[]) => Promise<void>;
  startReplica: (into?: History, metrics?: Metrics) => Promise<FactWriter>;
  keepTimelines: (writer: FactWriter) => ReturnType<typeof startRebuilder> & { stop: () => Promise<void> };
  /** Done at the end, the last first. */
  onEnd: (step: () => Promise<unknown>) => void;
  end: () => Promise<void>;
}

export async function makeProgram(): Promise<TestProgram> {
  const ends: (() => Promise<unknown>)[] = [];
  const onEnd = (step: () => Promise<unknown>) => void ends.push(step);
  const prefix = `analytics-${randomBytes(4).toString('hex')}`;
  const nats = await openNats(prefix, onEnd);
  const database = await makeFreshDatabase(inject('postgresUrl'));
  onEnd(database.drop);
  const store = openStore({ url: database.url });
  onEnd(() => closeStore(store));
  const history = await openFreshHistory(onEnd);
  const append = await openAppender(prefix, nats, onEnd);

  async function startReplica(
    into: History = history,
    metrics = makeMetrics({ program: 'analytics' }),
  ): Promise<FactWriter> {
    const numbers = makeMachineNumbers(store, { given: numbersOf(into) });
    const writer = await startFactWriter({
      nats,
      history: into,
      numbers,
      config,
      now: Date.now,
      log: silentLog,
      metrics,
      prefix,
    });
    onEnd(() => writer.stop(5000));
    return writer;
  }
  function keepTimelines(writer: FactWriter) {
    const aborter = new AbortController();
    const rebuilder = startRebuilder({
      history,
      cluster: '',
      postgresUrl: database.url,
      written: writer.written,
      now: Date.now,
      pauseMs: 100,
      presenceKept: { hoursMs: 100 * 86_400_000, daysMs: 1100 * 86_400_000 },
      nextAttempt: () => randomBytes(5).readUIntBE(0, 5),
      log: silentLog,
      metrics: makeMetrics({ program: 'analytics' }),
      signal: aborter.signal,
    });
    const stop = async () => {
      aborter.abort();
      await rebuilder.ended;
    };
    onEnd(stop);
    return { ...rebuilder, stop };
  }
  async function end(): Promise<void> {
    for (const step of ends.splice(0).toReversed()) await step();
  }
  return { prefix, nats, postgresUrl: database.url, store, history, append, startReplica, keepTimelines, onEnd, end };
}

async function openNats(prefix: string, onEnd: TestProgram['onEnd']): Promise<NatsConnection> {
  const nats = await connectNats({ url: inject('natsUrl'), name: 'analytics-test', say: () => {} });
  await ensureStreams(nats, { replicas: 1, factsBytesMax: 2 ** 22, prefix });
  const { facts, refused, parked, bucket } = logNames(prefix);
  onEnd(async () => {
    for (const stream of [facts.stream, refused.stream, parked.stream, `KV_${bucket}`]) {
      await nats.request(`$JS.API.STREAM.DELETE.${stream}`);
    }
    await nats.close();
  });
  return nats;
}

async function openFreshHistory(onEnd: TestProgram['onEnd']): Promise<History> {
  const url = new URL(inject('clickhouseUrl'));
  const options = {
    url: url.origin,
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: `analytics_${randomUUID().replaceAll('-', '')}`,
    log: silentLog,
  };
  await createDatabase(options, { cluster: '' });
  const history = openHistory(options);
  await migrateHistory(history);
  onEnd(async () => {
    await history.run(`drop database ${history.database}`);
    await history.close();
  });
  return history;
}

async function openAppender(
  prefix: string,
  nc: NatsConnection,
  onEnd: TestProgram['onEnd'],
): Promise<TestProgram['append']> {
  const folder = await mkdtemp(join(tmpdir(), 'platte-analytics-'));
  const spool = await openSpool({ folder, bytesMax: 2 ** 20, say: () => {} });
  const appender = makeAppender({ nc, program: 'test', spool, say: () => {}, prefix });
  onEnd(async () => {
    await appender.close(1000);
    await spool.close();
    await rm(folder, { recursive: true });
  });
  return (facts) => appender.appendAll(facts);
}

export const checkIns = (count: number, version: string): MachineCheckedIn[] =>
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
