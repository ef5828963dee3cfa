// A log and both stores of a test's own, with the two consumers of the log at work on them: real servers, ordinary folds.
import { randomBytes } from 'node:crypto';
import {
  connectNats,
  ensureStreams,
  followFacts,
  logNames,
  makeAppender,
  readConsumerLag,
  readFactsFill,
} from '@platte/fact-log';
import type { Fact, MachineCheckedIn, Position } from '@platte/facts';
import { createDatabase, machinesOf, migrateHistory, openHistory, rebuild, writeFacts } from '@platte/history';
import {
  closeStore,
  foldFacts,
  makeFreshDatabase,
  makeInstanceCache,
  makeMachineNumbers,
  openStore,
} from '@platte/state-store';
import { inject, vi } from 'vitest';
import { makeProgress, type Progress } from '../progress.js';
import type { Stores } from '../stores.js';

export interface SmallPlatform {
  stores: Stores;
  said: string[];
  progress: Progress;
  append: (facts: Fact[]) => Promise<void>;
  /** Waits until both consumers have all that is in the log, and folds it as analytics' leader does. */
  settle: () => Promise<void>;
  /** As when the disk of NATS is lost: the stream is there again, empty, and its consumers with it. */
  loseLog: () => Promise<void>;
  end: () => Promise<void>;
}

export const app = 'e96281a6-d1af-4bde-9a0a-97b76e56dc57';
export const group = 'aaaaaaaa-0000-4000-8000-000000000001';
let placed = 0;
/** Of any moment, also one before the last: a program's own positions never go back. */
export const place = (at: number): Position => ({ at, n: ++placed });

export async function startSmallPlatform(): Promise<SmallPlatform> {
  const prefix = `replay-${randomBytes(4).toString('hex')}`;
  const nats = await connectNats({ url: inject('natsUrl'), name: prefix, say: () => {} });
  await ensureStreams(nats, { replicas: 1, factsBytesMax: 2 ** 26, prefix });
  const database = await makeFreshDatabase(inject('postgresUrl'));
  const store = openStore({ url: database.url });
  const historyOptions = historyOptionsOf(`replay_${randomBytes(6).toString('hex')}`);
  await createDatabase(historyOptions, { cluster: '' });
  const history = openHistory(historyOptions);
  await migrateHistory(history);
  const [numbers, instances] = [makeMachineNumbers(store), makeInstanceCache(1000)];
  const followers = [
    await followFacts({
      nc: nats,
      durable: 'analytics',
      prefix,
      onBatch: async (messages) => void (await writeFacts(history, messages, await numbers.of(machinesOf(messages)))),
    }),
    await followFacts({
      nc: nats,
      durable: 'policy',
      prefix,
      onBatch: async (messages) =>
        void (await foldFacts(
          store,
          { instances, position: place },
          messages.flatMap(({ facts }) => facts),
        )),
    }),
  ];
  const appender = makeAppender({ nc: nats, program: 'test', prefix });
  const said: string[] = [];
  let attempt = 1;

  async function settle(): Promise<void> {
    const { lastSequence, createdAt: stream } = await readFactsFill(nats, { prefix });
    for (const durable of ['analytics', 'policy'])
      while ((await readConsumerLag(nats, durable, { prefix })).ackFloor < lastSequence);
    await rebuild(history, { acked: lastSequence, stream, now: Date.now(), attempt: attempt++ * 32 });
  }
  async function loseLog(): Promise<void> {
    await nats.request(`$JS.API.STREAM.DELETE.${logNames(prefix).facts.stream}`);
    await ensureStreams(nats, { replicas: 1, factsBytesMax: 2 ** 26, prefix });
    // A follower makes its consumer again once it notices that it is gone.
    for (const durable of ['analytics', 'policy'])
      await vi.waitFor(() => readConsumerLag(nats, durable, { prefix }), { timeout: 60_000 });
  }

  async function end(): Promise<void> {
    await Promise.all(followers.map((follower) => follower.stop()));
    await appender.close(1000);
    await history.run(`drop database if exists ${historyOptions.database}_rebuilt`);
    await history.run(`drop database ${historyOptions.database}`);
    await history.close();
    await closeStore(store);
    await database.drop();
    const { facts, refused, parked, bucket } = logNames(prefix);
    for (const stream of [facts.stream, refused.stream, parked.stream, `KV_${bucket}`])
      await nats.request(`$JS.API.STREAM.DELETE.${stream}`);
    await nats.close();
  }
  return {
    stores: { nats, prefix, postgresUrl: database.url, store, history, historyOptions },
    said,
    progress: makeProgress((line) => said.push(line), Date.now),
    append: (facts) => appender.appendAll(facts),
    settle,
    loseLog,
    end,
  };
}

function historyOptionsOf(database: string) {
  const url = new URL(inject('clickhouseUrl'));
  return {
    url: url.origin,
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database,
    log: { info: () => {}, warn: () => {} },
  };
}

export const checkIn = (machine: string, at: number, more: Partial<MachineCheckedIn> = {}): MachineCheckedIn => ({
  kind: 'MachineCheckedIn',
  v: 1,
  app,
  machine,
  ...place(at),
  version: '1.0.0',
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
  ...more,
});
