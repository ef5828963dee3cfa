// What the way into the log and out of it costs, each measured against the library's own way in the same run, on a
// nats-server of its own with its streams on disk. Facts are those of a Flatcar machine.
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { startNats } from '@platte/backing';
import {
  type Appender,
  connectNats,
  ensureStreams,
  followFacts,
  logNames,
  makeAppender,
  type NatsConnection,
} from '@platte/fact-log';
import { encodeFact, type EventReported, type MachineCheckedIn } from '@platte/facts';
import { type Bench, type BenchOptions, type BenchRow, median } from './bench.js';

interface Sizes {
  rounds: number;
  messages: number;
  requests: number;
}

/** A machine that reports a download and asks: an event and a check-in. */
const factsPerRequest = 2;

export const transportBench: Bench = {
  name: 'transport',
  about: 'facts into the log and out of it',
  measure: measureTransport,
};

export async function measureTransport({ quick, say }: BenchOptions): Promise<BenchRow[]> {
  const sizes: Sizes = quick
    ? { rounds: 1, messages: 10_000, requests: 50_000 }
    : { rounds: 5, messages: 40_000, requests: 200_000 };
  const dataDir = await mkdtemp(join(tmpdir(), 'platte-bench-'));
  const cacheDir = process.env['PLATTE_CACHE_DIR'] ?? join(homedir(), '.cache', 'platte');
  const server = await startNats({ dataDir, cacheDir, auth: 'none' });
  const nc = await connectNats({ url: server.url, name: 'bench', say });
  try {
    await ensureStreams(nc, { replicas: 1, factsBytesMax: 20 * 1024 ** 3 });
    const rounds: Round[] = [];
    for (let round = 1; round <= sizes.rounds; round++) {
      rounds.push(await measureRound(nc, sizes));
      say(`round ${round} of ${sizes.rounds}`);
    }
    return toRows(rounds);
  } finally {
    await nc.close();
    await server.stop();
    await rm(dataDir, { recursive: true });
  }
}

/** How many a second, and how many for a second of this process's processor time: the server's work is not in it. */
interface Rate {
  perSecond: number;
  perCpuSecond: number;
}

type Round = Record<'libraryMessages' | 'ownMessages' | 'batchedFacts' | 'consumedFacts' | 'followedFacts', Rate>;

/** All in each round, so that what else the machine does falls on all alike. */
async function measureRound(nc: NatsConnection, { messages, requests }: Sizes): Promise<Round> {
  const facts = requests * factsPerRequest;
  const purge = () => nc.request(`$JS.API.STREAM.PURGE.${logNames().facts.stream}`);
  await purge();
  const libraryMessages = await measureRate(messages, () => publishByLibrary(nc, messages));
  const single = makeAppender({ nc, program: 'bench', limits: { requestsPerMessageMax: 1 } });
  const ownMessages = await measureRate(messages, () => appendRequests(single, messages, 1024));
  await single.close();
  await purge();
  const batching = makeAppender({ nc, program: 'bench' });
  const batchedFacts = await measureRate(facts, () => appendRequests(batching, requests, 2048));
  await batching.close();
  const consumedFacts = await measureRate(facts, () => consumeUntouched(nc));
  const followedFacts = await measureRate(facts, () => followDecoded(nc, facts));
  return { libraryMessages, ownMessages, batchedFacts, consumedFacts, followedFacts };
}

async function measureRate(count: number, run: () => Promise<void>): Promise<Rate> {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  await run();
  const { user, system } = process.cpuUsage(cpu);
  return {
    perSecond: (count / (performance.now() - begun)) * 1000,
    perCpuSecond: (count / (user + system)) * 1_000_000,
  };
}

/**
 * The goals are on the clock, as the prototypes were measured. Processor time informs beside them: on a machine with other
 * work the rates say less than what publishing takes from serving.
 */
function toRows(rounds: readonly Round[]): BenchRow[] {
  const middle = (what: keyof Round, per: keyof Rate) => median(rounds.map((round) => round[what][per]));
  const compare = (
    name: string,
    unit: string,
    per: keyof Rate,
    [what, baseline]: [keyof Round, keyof Round],
  ): BenchRow => ({
    name,
    figure: middle(what, per),
    unit: per === 'perSecond' ? `${unit}/s` : `${unit}/s of CPU`,
    baseline: middle(baseline, per),
    ratio: middle(what, per) / middle(baseline, per),
  });
  const withGoal = (row: BenchRow, least: number): BenchRow => ({
    ...row,
    goal: `>= ${least}`,
    met: (row.ratio ?? 0) >= least,
  });
  const batched = ['batchedFacts', 'libraryMessages'] as [keyof Round, keyof Round];
  const single = ['ownMessages', 'libraryMessages'] as [keyof Round, keyof Round];
  return [
    withGoal(compare('appender, batches of a turn, vs js.publish per fact', 'facts', 'perSecond', batched), 12),
    compare('the same by processor time', 'facts', 'perCpuSecond', batched),
    withGoal(compare('appender, one message per request, vs js.publish', 'messages', 'perSecond', single), 6),
    compare('the same by processor time', 'messages', 'perCpuSecond', single),
    compare('follower, every fact decoded, vs consume() with nothing read', 'facts', 'perSecond', [
      'followedFacts',
      'consumedFacts',
    ]),
  ];
}

/** A durable publish as the library does it: the message id costs it what it costs us. */
async function publishByLibrary(nc: NatsConnection, messages: number): Promise<void> {
  const js = jetstream(nc);
  const bodies = [makeEvent(0), makeCheckIn(1)].map((fact) => Buffer.from(`[${encodeFact(fact)}]`));
  let sent = 0;
  const lane = async (): Promise<void> => {
    while (sent < messages)
      await js.publish(`${logNames().facts.subject}.bench`, bodies[sent % 2], { msgID: `${runId}.${sent++}` });
  };
  runId += 1;
  await Promise.all(Array.from({ length: 256 }, lane));
}

let runId = Date.now();

/** Requests come as their answers leave, as from so many keep-alive connections. */
async function appendRequests(appender: Appender, requests: number, inFlight: number): Promise<void> {
  const body = [makeEvent(0), makeCheckIn(1)];
  await new Promise<void>((resolve, reject) => {
    let sent = 0;
    let done = 0;
    const next = (): void => {
      if (sent >= requests) return;
      sent += 1;
      appender.append(body, (error) => {
        if (error !== undefined) return reject(error);
        done += 1;
        if (done === requests) resolve();
        else next();
      });
    };
    for (let lane = 0; lane < inFlight; lane++) next();
  });
}

async function consumeUntouched(nc: NatsConnection): Promise<void> {
  const { stream } = logNames().facts;
  const manager = await jetstreamManager(nc);
  await manager.consumers.add(stream, { durable_name: 'untouched', ack_policy: AckPolicy.Explicit });
  const consumer = await jetstream(nc).consumers.get(stream, 'untouched');
  const messages = await consumer.consume({ max_messages: 256 });
  for await (const message of messages) {
    message.ack();
    if (message.info.pending === 0) break;
  }
  await messages.close();
  await manager.consumers.delete(stream, 'untouched');
}

async function followDecoded(nc: NatsConnection, facts: number): Promise<void> {
  const all = Promise.withResolvers<void>();
  let seen = 0;
  const follower = await followFacts({
    nc,
    durable: 'decoded',
    onBatch: async (messages) => {
      for (const message of messages) seen += message.facts.length;
      if (seen >= facts) all.resolve();
    },
  });
  await all.promise;
  await follower.stop();
  await nc.request(`$JS.API.CONSUMER.DELETE.${logNames().facts.stream}.decoded`);
}

const machineFact = {
  v: 1,
  app: 'e96281a6-d1af-4bde-9a0a-97b76e56dc57',
  machine: '2f1c6a300d0c4d599f0f5f6d2e7f9d11',
  at: 1_790_000_000_000,
  version: '4230.2.1',
  group: '9a1f1a44-6f0e-4f7e-8f43-3c1f0c1d2e3f',
  channel: 'stable',
  arch: 'amd64',
  rollout: '7b9d2d30-51f2-4a44-b1e6-27c3a5d0e9f1',
  reboots: true,
  oem: 'azure',
  bootId: '{3d2b5d4c-1c5b-4c1e-9d6f-0a1b2c3d4e5f}',
} as const;

function makeEvent(n: number): EventReported {
  return { kind: 'EventReported', ...machineFact, n, type: 13, result: 1, errorCode: '', previousVersion: '' };
}

function makeCheckIn(n: number): MachineCheckedIn {
  return {
    kind: 'MachineCheckedIn',
    ...machineFact,
    n,
    track: 'stable',
    ip: '10.20.30.40',
    alias: '',
    oemVersion: '2.9.1.1',
    aleph: '3510.2.8',
    ping: true,
    heartbeat: true,
    source: 'scheduler',
    answer: { reason: 'up-to-date', inputs: { target: '4230.2.1' } },
  };
}
