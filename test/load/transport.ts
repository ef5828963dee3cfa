// What the way into the log and out of it costs, each measured against the library's own way in the same run, on a
// nats-server of its own with its streams on disk. Facts are those of a Flatcar machine.
//
// Both ways into the log begin with facts and end with acknowledgements of messages that carry an id: encoding is in both. The
// library publishes each fact by itself, 256 in flight, where it is fastest (performance falls above). The appender has 2,048 requests
// in flight, which make messages of 256, eight of them on their way. The library runs before and after the appender: what the machine does
// for others while one of them runs would else be the ratio. The ratio is the median of the rounds' own.
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
import { encodeFact, type EventReported, type Fact, type MachineCheckedIn } from '@platte/facts';
import { type Bench, type BenchOptions, type BenchRow, median } from './bench.js';
import { readProcessorTimes } from './processor-time.js';
import { makeProgress } from './progress.js';

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
    : { rounds: 7, messages: 40_000, requests: 200_000 };
  const dataDir = await mkdtemp(join(tmpdir(), 'platte-bench-'));
  const cacheDir = process.env['PLATTE_CACHE_DIR'] ?? join(homedir(), '.cache', 'platte');
  const server = await startNats({ dataDir, cacheDir, auth: 'none' });
  const nc = await connectNats({ url: server.url, name: 'bench', say });
  try {
    await ensureStreams(nc, { replicas: 1, factsBytesMax: 20 * 1024 ** 3 });
    const measureNext = () => measureRound(nc, server.pid, sizes);
    // The first is for the compiler.
    await measureNext();
    const advance = makeProgress('rounds', sizes.rounds, say);
    const rounds: Round[] = [];
    while (rounds.length < sizes.rounds) {
      rounds.push(await measureNext());
      advance(1);
    }
    return toRows(rounds);
  } finally {
    await nc.close();
    await server.stop();
    await rm(dataDir, { recursive: true });
  }
}

interface Rate {
  perSecond: number;
  /** For a second of this process's processor time: the server's work is not in it. */
  perCpuSecond: number;
  serverUs: number;
}

type Round = Record<'library' | 'single' | 'batched' | 'consumed' | 'followed', Rate> & { factsPerMessage: number };

/** All in each round, so that what else the machine does falls on all alike. */
async function measureRound(nc: NatsConnection, serverPid: number, { messages, requests }: Sizes): Promise<Round> {
  const facts = requests * factsPerRequest;
  const rate = (count: number, run: () => Promise<unknown>) => measureRate(serverPid, count, run);
  const purge = () => nc.request(`$JS.API.STREAM.PURGE.${logNames().facts.stream}`);
  await purge();
  const before = await rate(messages, () => publishByLibrary(nc, messages));
  const single = makeAppender({ nc, program: 'bench', limits: { requestsPerMessageMax: 1 } });
  const singleRate = await rate(messages, () => appendRequests(single, messages, 1024, (n) => alternately[n % 2]!));
  await single.close();
  await purge();
  let stored = 0;
  const batching = makeAppender({ nc, program: 'bench', hooks: { onStored: () => stored++ } });
  const batched = await rate(facts, () => appendRequests(batching, requests, 2048, () => both));
  await batching.close();
  const consumed = await rate(facts, () => consumeUntouched(nc));
  const followed = await rate(facts, () => followDecoded(nc, facts));
  await purge();
  const library = meanOf(before, await rate(messages, () => publishByLibrary(nc, messages)));
  return { library, single: singleRate, batched, consumed, followed, factsPerMessage: facts / stored };
}

async function measureRate(serverPid: number, count: number, run: () => Promise<unknown>): Promise<Rate> {
  const serverTime = () => readProcessorTimes([serverPid]).get(serverPid) ?? Number.NaN;
  const [cpu, serverBefore, begun] = [process.cpuUsage(), serverTime(), performance.now()];
  await run();
  const { user, system } = process.cpuUsage(cpu);
  return {
    perSecond: (count / (performance.now() - begun)) * 1000,
    perCpuSecond: (count / (user + system)) * 1_000_000,
    serverUs: (serverTime() - serverBefore) / count,
  };
}

function meanOf(a: Rate, b: Rate): Rate {
  const mean = (per: keyof Rate) => (a[per] + b[per]) / 2;
  return { perSecond: mean('perSecond'), perCpuSecond: mean('perCpuSecond'), serverUs: mean('serverUs') };
}

/**
 * The goals are on the clock, as the prototypes were measured. Processor time informs beside them: on a machine with other
 * work the rates say less than what publishing takes from serving.
 */
function toRows(rounds: readonly Round[]): BenchRow[] {
  const middle = (of: (round: Round) => number) => median(rounds.map(of));
  const compare = (name: string, unit: string, per: keyof Rate, [what, to]: [RateName, RateName]): BenchRow => ({
    name,
    unit,
    figure: middle((round) => round[what][per]),
    baseline: middle((round) => round[to][per]),
    ratio: middle((round) => round[what][per] / round[to][per]),
  });
  const against = (unit: string, pair: [RateName, RateName]): BenchRow[] => [
    compare('  by processor time of the publisher', `${unit}/s of CPU`, 'perCpuSecond', pair),
    compare('  processor time of nats-server', `us a ${unit.slice(0, -1)}`, 'serverUs', pair),
  ];
  const withGoal = (row: BenchRow, least: number): BenchRow => ({
    ...row,
    goal: `>= ${least}`,
    met: (row.ratio ?? 0) >= least,
  });
  return [
    withGoal(
      compare('appender, batches of a turn, vs js.publish per fact', 'facts/s', 'perSecond', ['batched', 'library']),
      12,
    ),
    ...against('facts', ['batched', 'library']),
    { name: '  facts of a message', figure: middle(({ factsPerMessage }) => factsPerMessage), unit: '', baseline: 1 },
    withGoal(
      compare('appender, a message for each fact, vs js.publish', 'messages/s', 'perSecond', ['single', 'library']),
      6,
    ),
    ...against('messages', ['single', 'library']),
    compare('follower, every fact decoded, vs consume() with nothing read', 'facts/s', 'perSecond', [
      'followed',
      'consumed',
    ]),
    { name: 'a fact', figure: both.reduce((sum, fact) => sum + encodeFact(fact).length / 2, 0), unit: 'bytes' },
  ];
}

type RateName = Exclude<keyof Round, 'factsPerMessage'>;

/** A durable publish as the library does it: the message id costs it what it costs us. */
async function publishByLibrary(nc: NatsConnection, messages: number): Promise<void> {
  const js = jetstream(nc);
  let sent = 0;
  const lane = async (): Promise<void> => {
    while (sent < messages) {
      const body = Buffer.from(`[${encodeFact(both[sent % 2]!)}]`);
      await js.publish(`${logNames().facts.subject}.bench`, body, { msgID: `${runId}.${sent++}` });
    }
  };
  runId += 1;
  await Promise.all(Array.from({ length: 256 }, lane));
}

let runId = Date.now();

/** Requests come as their answers leave, as from so many keep-alive connections. */
async function appendRequests(
  appender: Appender,
  requests: number,
  inFlight: number,
  toFacts: (n: number) => readonly Fact[],
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let sent = 0;
    let done = 0;
    const next = (): void => {
      if (sent >= requests) return;
      appender.append(toFacts(sent++), (error) => {
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

/** What a request brings. Made once: to make facts is not the log's work, to encode them is. */
const both: readonly Fact[] = [makeEvent(0), makeCheckIn(1)];
const alternately = both.map((fact) => [fact]);
