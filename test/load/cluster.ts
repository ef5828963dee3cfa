// How fast a follower drains a backlog from a NATS cluster of three with replicated streams, against the same backlog on a single
// server in the same run. What a pull costs is agreement between servers, so that the ratio is below 1; a follower that waits
// between pulls where it need not makes it a hundredth.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, startNats } from '@platte/backing';
import {
  connectNats,
  type ConnectOptions,
  ensureStreams,
  followFacts,
  logNames,
  makeAppender,
  type NatsConnection,
} from '@platte/fact-log';
import type { EventReported } from '@platte/facts';
import { startNatsCluster } from '../cluster/nats-cluster.js';
import { type Bench, type BenchOptions, type BenchRow, median } from './bench.js';
import { makeProgress } from './progress.js';

export const clusterBench: Bench = {
  name: 'cluster',
  about: 'a backlog of facts on three nats-servers, drained',
  measure: measureCluster,
};

/** Measured 0.29 to 0.75 on a busy machine with two cores, which three servers share with the follower. */
const ratioMin = 0.15;
/** Appends under way: the backlog is made, not measured. */
const appendsAtOnce = 64;

async function measureCluster({ quick, say }: BenchOptions): Promise<BenchRow[]> {
  const sizes = quick ? { rounds: 1, messages: 2_000 } : { rounds: 5, messages: 10_000 };
  const folder = await mkdtemp(join(tmpdir(), 'platte-bench-'));
  const single = await startNats({ dataDir: join(folder, 'single'), cacheDir: cacheFolder(), auth: 'none' });
  const cluster = await startNatsCluster({ folder: join(folder, 'cluster') });
  const advance = makeProgress('rounds', sizes.rounds, say);
  const open = (access: Omit<ConnectOptions, 'name' | 'say'>) => connectNats({ ...access, name: 'bench', say });
  const [one, three] = [await open({ url: single.url }), await open({ url: cluster.url, ...cluster.access })];
  try {
    const rounds: { figure: number; baseline: number }[] = [];
    while (rounds.length < sizes.rounds) {
      const baseline = await drainBacklog(one, 1, sizes.messages);
      rounds.push({ baseline, figure: await drainBacklog(three, cluster.replicas, sizes.messages) });
      advance(1);
    }
    const ratio = median(rounds.map(({ figure, baseline }) => figure / baseline));
    return [
      {
        name: 'a backlog drained, three servers against one',
        unit: 'messages/s',
        figure: median(rounds.map(({ figure }) => figure)),
        baseline: median(rounds.map(({ baseline }) => baseline)),
        ratio,
        goal: `ratio >= ${ratioMin}`,
        met: ratio >= ratioMin,
      },
    ];
  } finally {
    await Promise.all([one.close(), three.close()]);
    await Promise.all([single.stop(), cluster.stop()]);
    await rm(folder, { recursive: true });
  }
}

/** @returns messages per second from the consumer's beginning until the last message is handed over */
async function drainBacklog(nc: NatsConnection, replicas: number, messages: number): Promise<number> {
  const { facts, refused, parked, bucket } = logNames();
  await ensureStreams(nc, { replicas, factsBytesMax: 256 * 1024 * 1024 });
  await appendMessages(nc, messages);
  const drained = Promise.withResolvers<void>();
  let seen = 0;
  const begun = performance.now();
  const follower = await followFacts({
    nc,
    durable: 'bench',
    onBatch: async (batch) => {
      seen += batch.length;
      if (seen >= messages) drained.resolve();
    },
  });
  await drained.promise;
  const perSecond = (messages / (performance.now() - begun)) * 1000;
  await follower.stop();
  for (const name of [facts.stream, refused.stream, parked.stream, `KV_${bucket}`])
    await nc.request(`$JS.API.STREAM.DELETE.${name}`, '', { timeout: 10_000 });
  return perSecond;
}

/** One fact in each message, as a quiet fleet makes them. */
async function appendMessages(nc: NatsConnection, messages: number): Promise<void> {
  const appender = makeAppender({ nc, program: 'bench', limits: { requestsPerMessageMax: 1 } });
  for (let first = 0; first < messages; first += appendsAtOnce) {
    const count = Math.min(appendsAtOnce, messages - first);
    await Promise.all(Array.from({ length: count }, (_, n) => appender.appendAll([makeEvent(first + n)])));
  }
  await appender.close();
}

function makeEvent(n: number): EventReported {
  return {
    kind: 'EventReported',
    v: 1,
    app: 'e96281a6-d1af-4bde-9a0a-97b76e56dc57',
    machine: `machine-${n}`,
    at: 1_790_000_000_000 + n,
    n,
    version: '4230.2.1',
    group: 'stable',
    channel: 'stable',
    arch: 'amd64',
    rollout: null,
    reboots: true,
    oem: 'qemu',
    type: 13,
    result: 1,
    errorCode: '',
    previousVersion: '',
    bootId: '2f1c6a30-0d0c-4d59-9f0f-5f6d2e7f9d11',
  };
}
