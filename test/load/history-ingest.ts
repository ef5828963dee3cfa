// Facts through the log into an empty history, as analytics does it: JetStream, decoding, numbers of machines, inserts,
// acknowledgement, and the rebuild beside. The baseline is the same consumer that decodes and does nothing else.
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { connectNats, ensureStreams, followFacts, type NatsConnection } from '@platte/fact-log';
import { encodeBatch, type MachineCheckedIn } from '@platte/facts';
import { dropPassed, type History, machinesOf, rebuild, writeFacts } from '@platte/history';
import { closeStore, makeMachineNumbers, openStore } from '@platte/state-store';
import type { BenchRow } from './bench.js';
import type { AskerInput, AskerTimes } from './history-asker.js';
import type { HistoryServers } from './history-servers.js';

const app = 'e96281a6-d1af-4bde-9a0a-97b76e56dc57';
const group = '00000000-0000-4000-8000-000000000010';
const factsPerMessage = 100;
const machines = 100_000;

interface IngestOptions {
  facts: number;
  say: (line: string) => void;
}

export async function measureIngest(servers: HistoryServers, { facts, say }: IngestOptions): Promise<BenchRow[]> {
  const nc = await connectNats({ url: servers.natsUrl, name: 'bench', say });
  await ensureStreams(nc, { replicas: 1, factsBytesMax: 8 * 2 ** 30, say });
  say(`putting ${facts.toLocaleString('en-US')} facts into the log`);
  await fillLog(nc, facts);
  const decoding = await consume(nc, 'bench-decode', facts, async () => {});
  const plain = await intoHistory(servers, nc, facts, false, say);
  const whole = await intoHistory(servers, nc, facts, true, say);
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
      figure: plain.machineMs,
      unit: 'ms',
      goal: '<= 100 ms',
      met: plain.machineMs <= 100,
    },
    { name: 'breakdown of a group while facts arrive, p99', figure: plain.fleetMs, unit: 'ms' },
    {
      name: 'rebuild of what arrived, per fact',
      figure: (plain.rebuildMs * 1000) / facts,
      unit: 'us',
    },
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

type OnBatch = Parameters<typeof followFacts>[0]['onBatch'];

/** Facts per second until every one was handed over and acknowledged. */
async function consume(nc: NatsConnection, durable: string, facts: number, onBatch: OnBatch): Promise<number> {
  const done = Promise.withResolvers<void>();
  let seen = 0;
  const begun = performance.now();
  const follower = await followFacts({
    nc,
    durable,
    batchFactsMax: 50_000,
    batchDelayMs: 500,
    messagesMax: 5_000,
    onBatch: async (messages) => {
      await onBatch(messages);
      for (const message of messages) seen += message.facts.length;
      if (seen >= facts) done.resolve();
    },
  });
  await done.promise;
  const elapsedMs = performance.now() - begun;
  await follower.stop();
  return (seen / elapsedMs) * 1000;
}

async function intoHistory(
  servers: HistoryServers,
  nc: NatsConnection,
  facts: number,
  archive: boolean,
  say: (line: string) => void,
): Promise<{ perSecond: number; machineMs: number; fleetMs: number; archiveBytes: number; rebuildMs: number }> {
  say(`following the log into the history, ${archive ? 'with' : 'without'} the archive`);
  const history = await servers.openEmptyHistory(archive ? 'ingest_whole' : 'ingest');
  const store = openStore({ url: servers.postgres.url });
  const numbers = makeMachineNumbers(store);
  // A fleet whose machines are known: each is new once.
  await numbers.of(Array.from({ length: machines }, (_, number) => ({ app, machine: machineId(number) })));
  const measuring = new AbortController();
  const endAsking = askBeside(servers, history.database);
  let last = 0;
  const folding = foldBeside(history, () => last, measuring.signal);
  const perSecond = await consume(nc, archive ? 'bench-whole' : 'bench', facts, async (messages) => {
    await writeFacts(history, messages, await numbers.of(machinesOf(messages)), { archive });
    last = messages.at(-1)?.sequence ?? last;
  });
  measuring.abort();
  await folding;
  const waits = await endAsking();
  const rebuildMs = await foldAll(history, last);
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
    rebuildMs,
  };
}

async function foldAll(history: History, acked: number): Promise<number> {
  const begun = performance.now();
  for (let attempt = 1, caughtUp = false; !caughtUp; attempt++) {
    ({ caughtUp } = await rebuild(history, { acked, now: Date.now(), attempt }));
  }
  await dropPassed(history, acked);
  return performance.now() - begun;
}

/** As analytics does it: with a rest ten times as long as the work, unless there is a backlog. */
async function foldBeside(history: History, last: () => number, signal: AbortSignal): Promise<void> {
  for (let attempt = 1_000_000; !signal.aborted; attempt++) {
    const begun = performance.now();
    const { facts } = await rebuild(history, { acked: last(), now: Date.now(), attempt });
    const tookMs = performance.now() - begun;
    const restMs = facts < 100_000 ? Math.max(2_000, tookMs * 10) : Math.min(tookMs, 2_000);
    await delay(restMs, undefined, { signal }).catch(() => {});
  }
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
