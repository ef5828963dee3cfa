// What the tests of the log stand on: streams of their own in the shared server, or a server of their own to break.
// The kind `cluster` runs the same tests on a cluster of three: what a test makes has `natsReplicas()` replicas then, and
// a server of its own is a whole cluster of its own.
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { type RunningServer, startNats } from '@platte/backing';
import { connectNats, ensureStreams, logNames, type NatsConnection, readFacts, readFactsFill } from '@platte/fact-log';
import type { EventReported, Fact } from '@platte/facts';
import { type NatsAccess, startNatsCluster } from '../cluster/nats-cluster.js';

/** 1 on a single server, 3 on a cluster. */
export const natsReplicas = (): number => inject('natsReplicas');

export interface TestLog {
  nc: NatsConnection;
  prefix: string;
  /** Another connection to the same server. */
  connect: (name?: string) => Promise<NatsConnection>;
  close: () => Promise<void>;
}

/** Streams under a prefix of their own, gone afterwards. */
export async function openTestLog(url: string, { factsBytesMax = 64 * 1024 * 1024 } = {}): Promise<TestLog> {
  const prefix = `t${randomBytes(6).toString('hex')}`;
  const connections: NatsConnection[] = [];
  const connect = async (name = 'test'): Promise<NatsConnection> => {
    const nc = await connectNats({ url, ...inject('natsAccess'), name, say: () => {} });
    connections.push(nc);
    return nc;
  };
  const nc = await connect();
  await ensureStreams(nc, { replicas: natsReplicas(), factsBytesMax, prefix });
  return {
    nc,
    prefix,
    connect,
    close: async () => {
      const { facts, refused, parked, bucket } = logNames(prefix);
      for (const name of [facts.stream, refused.stream, parked.stream, `KV_${bucket}`])
        await nc.request(`$JS.API.STREAM.DELETE.${name}`);
      await Promise.all(connections.map((connection) => connection.close()));
    },
  };
}

export interface OwnNats {
  url: string;
  access: NatsAccess;
  kill: () => Promise<void>;
  /** After a kill: the same port, the same data. */
  start: () => Promise<void>;
  pause: () => void;
  resume: () => void;
  stop: () => Promise<void>;
}

/** A server that a test may kill and stop, in a folder of its own; on the kind `cluster` all three servers of a cluster. */
export async function startOwnNats(): Promise<OwnNats> {
  const folder = await mkdtemp(join(tmpdir(), 'platte-log-'));
  const own = natsReplicas() === 1 ? await startOne(folder) : await startThree(folder);
  let running: RunningServer[] = own.running;
  const signal = (signal: NodeJS.Signals): void => running.forEach(({ pid }) => process.kill(pid, signal));
  return {
    url: own.url,
    access: own.access,
    kill: async () => {
      signal('SIGKILL');
      await Promise.all(running.map(({ exited }) => exited));
    },
    start: async () => {
      running = await own.startAgain();
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    stop: async () => {
      await Promise.all(running.map((server) => server.stop()));
      await rm(folder, { recursive: true });
    },
  };
}

interface Own {
  url: string;
  access: NatsAccess;
  running: RunningServer[];
  startAgain: () => Promise<RunningServer[]>;
}

async function startOne(dataDir: string): Promise<Own> {
  const cacheDir = process.env['PLATTE_CACHE_DIR'] ?? join(homedir(), '.cache', 'platte');
  const server = await startNats({ dataDir, cacheDir, auth: 'none' });
  const { url, port } = server;
  const startAgain = async () => [await startNats({ dataDir, cacheDir, auth: 'none', port })];
  return { url, access: {}, running: [server], startAgain };
}

async function startThree(folder: string): Promise<Own> {
  const { url, access, running, startAll } = await startNatsCluster({ folder });
  const startAgain = async () => {
    await startAll();
    return [...running.values()];
  };
  return { url, access, running: [...running.values()], startAgain };
}

/** The n-th fact of a machine: identity and all. */
export function makeFact(n: number, machine = 'm1'): EventReported {
  return {
    kind: 'EventReported',
    v: 1,
    app: 'e96281a6-d1af-4bde-9a0a-97b76e56dc57',
    machine,
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

export function identify(fact: Pick<Fact, 'app' | 'machine' | 'at' | 'kind' | 'n'>): string {
  return [fact.app, fact.machine, fact.at, fact.kind, fact.n].join(' ');
}

/** The identities of all facts in the stream: how often each is there. */
export async function readIdentities(nc: NatsConnection, prefix?: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  const { lastSequence } = await readFactsFill(nc, { prefix });
  for await (const { facts } of readFacts(nc, { from: 1, until: lastSequence, prefix })) {
    for (const fact of facts) found.set(identify(fact), (found.get(identify(fact)) ?? 0) + 1);
  }
  return found;
}

/** A message of the stream that is not ours to make: raw bytes. */
export async function appendRaw(nc: NatsConnection, prefix: string, body: string): Promise<void> {
  await nc.request(`${logNames(prefix).facts.subject}.raw`, body);
}

export async function withTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'platte-log-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
