// How long it takes, at rest, from a fact until it can be asked for: JetStream, the batch's wait, the inserts with the
// archive, and the question. Lanes of machines check in one after another, each as soon as its last fact was seen.
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { connectNats, ensureStreams, followFacts, type NatsConnection } from '@platte/fact-log';
import { encodeBatch, type MachineCheckedIn } from '@platte/facts';
import { currentState, type History, machinesOf, writeFacts } from '@platte/history';
import { closeStore, makeMachineNumbers, openStore } from '@platte/state-store';
import type { BenchRow } from './bench.js';
import type { HistoryServers } from './history-servers.js';

const app = 'e96281a6-d1af-4bde-9a0a-97b76e56dc58';
const lanes = 5;
/** As analytics has them unless it is told otherwise. */
const settings = { batchFactsMax: 20_000, batchDelayMs: 500, messagesMax: 5_000 };
const goalMs = 2_000;

export async function measureDelay(
  servers: HistoryServers,
  { samples, say }: { samples: number; say: (line: string) => void },
): Promise<BenchRow> {
  say(`waiting for ${samples} facts, one by one, until they can be asked for`);
  const nc = await connectNats({ url: servers.natsUrl, name: 'bench', say });
  await ensureStreams(nc, { replicas: 1, factsBytesMax: 2 ** 30, prefix: 'delay', say });
  const history = await servers.openEmptyHistory('delay');
  const store = openStore({ url: servers.postgres.url });
  const numbers = makeMachineNumbers(store);
  const follower = await followFacts({
    nc,
    durable: 'bench',
    prefix: 'delay',
    ...settings,
    onBatch: async (messages) =>
      void (await writeFacts(history, messages, await numbers.of(machinesOf(messages)), { archive: true })),
  });
  const times = await Promise.all(
    Array.from({ length: lanes }, (_, lane) => runLane(nc, history, lane, samples / lanes)),
  );
  await follower.stop();
  await closeStore(store);
  await nc.drain();
  const sorted = times.flat().toSorted((a, b) => a - b);
  const figure = sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
  return {
    name: 'from a fact to the question at rest, p99',
    figure,
    unit: 'ms',
    goal: '<= 2 s',
    met: figure <= goalMs,
  };
}

async function runLane(nc: NatsConnection, history: History, lane: number, samples: number): Promise<number[]> {
  const times: number[] = [];
  for (let count = 0; count < samples; count++) {
    // Not in step with the batches.
    await delay(randomInt(settings.batchDelayMs));
    const fact = checkIn(lane, count);
    await nc.request('delay.facts.bench', encodeBatch([fact]), { timeout: 10_000 });
    while ((await currentState(history, fact))?.version !== fact.version) await delay(5);
    times.push(Date.now() - fact.at);
  }
  return times;
}

function checkIn(lane: number, count: number): MachineCheckedIn {
  return {
    kind: 'MachineCheckedIn',
    v: 1,
    app,
    machine: `machine-${lane}`,
    at: Date.now(),
    n: randomInt(2 ** 40),
    version: `1.0.${count}`,
    group: '00000000-0000-4000-8000-000000000010',
    channel: null,
    arch: 'amd64',
    rollout: null,
    reboots: true,
    oem: 'ami',
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
  };
}
