// Facts through the log into an empty history, as analytics does it: JetStream, decoding, numbers of machines, inserts,
// acknowledgement, and the rebuild beside. The baseline is the same consumer that decodes and does nothing else. Questions
// are asked beside in a turn of their own: they take from the two cores what facts would have.
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { connectNats, ensureStreams, followGathered, type Gather, type NatsConnection } from '@platte/fact-log';
import { encodeBatch, type MachineCheckedIn } from '@platte/facts';
import { type History, makeFactRows, rebuild, restAfterRebuild } from '@platte/history';
import { closeStore, makeMachineNumbers, openStore } from '@platte/state-store';
import type { BenchRow } from './bench.js';
import type { AskerInput, AskerTimes } from './history-asker.js';
import type { HistoryServers } from './history-servers.js';

const app = 'e96281a6-d1af-4bde-9a0a-97b76e56dc57';
const group = '00000000-0000-4000-8000-000000000010';
const factsPerMessage = 100;
const machines = 100_000;
const rebuildPauseMs = 2_000;

interface IngestOptions {
  facts: number;
  say: (line: string) => void;
}

export async function measureIngest(servers: HistoryServers, { facts, say }: IngestOptions): Promise<BenchRow[]> {
  const nc = await connectNats({ url: servers.natsUrl, name: 'bench', say });
  await ensureStreams(nc, { replicas: 1, factsBytesMax: 8 * 2 ** 30, say });
  say(`putting ${facts.toLocaleString('en-US')} facts into the log`);
  await fillLog(nc, facts);
  const decoding = await consume(nc, facts, {
    durable: 'bench-decode',
    gather: { begin: () => undefined, put: () => {} },
  });
  const log = { nc, facts, say };
  const plain = await intoHistory(servers, log, { name: 'ingest', archive: false, asked: false });
  const asked = await intoHistory(servers, log, { name: 'ingest_asked', archive: false, asked: true });
  const whole = await intoHistory(servers, log, { name: 'ingest_whole', archive: true, asked: false });
  await nc.drain();
  return [
    {
      name: 'facts into the history, without the archive',
      figure: plain.perSecond,
      unit: 'facts/s',
      baseline: decoding,
      ratio: plain.perSecond / decoding,
      goal: '>= 300,000/s',
      met: plain.perSecond >= 300_000,
    },
    {
      name: 'facts into the history, with the archive',
      figure: whole.perSecond,
      unit: 'facts/s',
      baseline: decoding,
      ratio: whole.perSecond / decoding,
    },
    { name: 'archive on disk per fact', figure: whole.archiveBytes / facts, unit: 'B' },
    {
      name: 'one machine while facts arrive, p99',
      figure: asked.machineMs,
      unit: 'ms',
      goal: '<= 100 ms',
      met: asked.machineMs <= 100,
    },
    { name: 'breakdown of a group while facts arrive, p99', figure: asked.fleetMs, unit: 'ms' },
    {
      name: 'facts into the history while it is asked, without the archive',
      figure: asked.perSecond,
      unit: 'facts/s',
      baseline: decoding,
      ratio: asked.perSecond / decoding,
    },
    { name: 'rebuild beside, per fact', figure: plain.foldMs * 1000, unit: 'us' },
  ];
}

async function fillLog(nc: NatsConnection, facts: number): Promise<void> {
  const draw = randomInt(2 ** 31) * 2 ** 20;
  const begun = Date.now();
  for (let done = 0; done < facts; done += factsPerMessage) {
    const batch = Array.from({ length: factsPerMessage }, (_, index) => checkIn(begun, draw + done + index));
    // Every hundredth waits for its acknowledgement: what is in between is stored before it.
    const bytes = encodeBatch(batch);
    if (done % (factsPerMessage * 100) === 0) await nc.request('platte.facts.bench', bytes, { timeout: 10_000 });
    else nc.publish('platte.facts.bench', bytes);
  }
  await nc.flush();
}

function checkIn(now: number, n: number): MachineCheckedIn {
  const number = randomInt(machines);
  return {
    kind: 'MachineCheckedIn',
    v: 1,
    app,
    machine: machineId(number),
    at: now + Math.floor((n % 2 ** 20) / 300),
    n,
    version: number % 2 === 0 ? '4081.2.0' : '4152.2.0',
    group,
    channel: '00000000-0000-4000-8000-000000000030',
    arch: 'amd64',
    rollout: null,
    reboots: true,
    oem: 'ami',
    track: 'stable',
    ip: `10.0.${number % 256}.${number % 251}`,
    alias: '',
    oemVersion: '2.9.1.1-r1',
    aleph: '4081.2.0',
    bootId: `{51c48fcd-fbfa-46de-bfe2-${number.toString(16).padStart(12, '0')}}`,
    ping: true,
    heartbeat: true,
    source: 'scheduler',
    answer: { reason: 'up-to-date', inputs: { target: '4081.2.0' } },
  };
}

const machineId = (number: number) => `3d1219c7c4c5404aaa1f6d2a${number.toString().padStart(8, '0')}`;

interface Consumer<Batch> {
  durable: string;
  gather: Gather<Batch>;
  onBatch?: (batch: Batch) => Promise<unknown>;
  withTexts?: boolean;
}

/** Facts per second until every one was handed over and acknowledged. */
async function consume<Batch>(nc: NatsConnection, facts: number, consumer: Consumer<Batch>): Promise<number> {
  const done = Promise.withResolvers<void>();
  const { durable, gather, withTexts, onBatch } = consumer;
  let seen = 0;
  const begun = performance.now();
  const options = {
    nc,
    durable,
    withTexts,
    batchFactsMax: 50_000,
    batchDelayMs: 500,
    busyDelayMs: 1_200,
    messagesMax: 5_000,
    bytesMax: 50_000_000,
    onBatch: async (batch: Batch) => void (await onBatch?.(batch)),
    hooks: {
      onCommitted: (batch: { facts: number }) => {
        seen += batch.facts;
        if (seen >= facts) done.resolve();
      },
    },
  };
  const follower = await followGathered(options, gather);
  await done.promise;
  const elapsedMs = performance.now() - begun;
  await follower.stop();
  return (seen / elapsedMs) * 1000;
}

interface FilledLog extends IngestOptions {
  nc: NatsConnection;
}

interface Turn {
  /** Of its database and its consumer. */
  name: string;
  archive: boolean;
  /** Whether questions are asked beside. */
  asked: boolean;
}

async function intoHistory(
  servers: HistoryServers,
  { nc, facts, say }: FilledLog,
  { name, archive, asked }: Turn,
): Promise<{ perSecond: number; machineMs: number; fleetMs: number; archiveBytes: number; foldMs: number }> {
  say(
    `following the log into the history, ${archive ? 'with' : 'without'} the archive${asked ? ', asked beside' : ''}`,
  );
  const history = await servers.openEmptyHistory(name);
  const store = openStore({ url: servers.postgres.url });
  const numbers = makeMachineNumbers(store);
  // A fleet whose machines are known: each is new once.
  await numbers.of(Array.from({ length: machines }, (_, number) => ({ app, machine: machineId(number) })));
  const measuring = new AbortController();
  const endAsking = asked ? askBeside(servers, history.database) : noAnswers;
  let last = 0;
  const folding = foldBeside(history, () => last, measuring.signal);
  const perSecond = await consume(nc, facts, {
    durable: `bench-${name}`,
    withTexts: archive,
    gather: {
      begin: () => ({ rows: makeFactRows(numbers.known, { archive }), last: 0 }),
      put(batch, message) {
        batch.rows.put(message);
        batch.last = message.sequence;
      },
    },
    onBatch: async (batch) => {
      await batch.rows.write(history, numbers);
      ({ last } = batch);
    },
  });
  measuring.abort();
  const waits = await endAsking();
  const foldMs = await folding;
  const [bytes] = await history.read<{ bytes: number }>(
    `select sum(bytes_on_disk) as bytes from system.parts
     where database = currentDatabase() and active and table = 'fact_archive'`,
  );
  await closeStore(store);
  return {
    perSecond,
    machineMs: p99(waits.machineMs),
    fleetMs: p99(waits.groupMs),
    archiveBytes: bytes?.bytes ?? 0,
    foldMs,
  };
}

const noAnswers = async (): Promise<AskerTimes> => ({ machineMs: [], groupMs: [] });

/**
 * As analytics does it.
 * @returns ms per fact that was folded
 */
async function foldBeside(history: History, last: () => number, signal: AbortSignal): Promise<number> {
  const all = { facts: 0, ms: 0 };
  for (let [attempt, begun] = [1_000_000, performance.now()]; !signal.aborted; attempt++) {
    const sinceMs = performance.now() - begun;
    begun = performance.now();
    const { facts, caughtUp } = await rebuild(history, { acked: last(), now: Date.now(), attempt });
    const tookMs = performance.now() - begun;
    all.facts += facts;
    all.ms += tookMs;
    const restMs = restAfterRebuild({ tookMs, sinceMs, facts, caughtUp }, rebuildPauseMs);
    await delay(restMs, undefined, { signal }).catch(() => {});
  }
  return all.ms / all.facts;
}

/** In a thread: this one's time is what is measured. The returned function ends it. */
function askBeside(servers: HistoryServers, database: string): () => Promise<AskerTimes> {
  const input: AskerInput = {
    connection: { ...servers.clickhouse, database },
    app,
    group,
    machines: Array.from({ length: 1000 }, () => machineId(randomInt(machines))),
  };
  const asker = new Worker(new URL('./history-asker.js', import.meta.url), { workerData: input });
  const failed = new Promise<never>((_, reject) => asker.once('error', reject));
  return async () => {
    const told = new Promise<AskerTimes>((resolve) => asker.once('message', resolve));
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    asker.postMessage('stop');
    return Promise.race([told, failed]);
  };
}

function p99(times: number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? Number.NaN;
}
