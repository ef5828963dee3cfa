// `./platte bench memory`: whether ingress holds more and more while it serves at full speed for ten minutes. What it holds after a
// collection of garbage, and what the system has given it, at intervals; the first minutes are its warm-up, the next ones the
// baseline of the last.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, startNats } from '@platte/backing';
import { connectNats, ensureStreams, logNames, publishSnapshot } from '@platte/fact-log';
import { isReadyMessage } from '@platte/service';
import { type Bench, type BenchOptions, type BenchRow, median } from './bench.js';
import { idleCheck, idleSnapshot, machine, machines } from './idle-fleet.js';
import type { MemoryReport } from './memory-probe.js';
import { runLoad } from './run-load.js';

interface Sample {
  heapBytes: number;
  /** Heap, buffers and native objects. */
  heldBytes: number;
  residentBytes: number;
  answers: number;
  failures: number;
}

/** Of the samples: compiled code, caches and the system's own allocator settle in it. */
const warmUpShare = 0.3;
const growthMax = 1.05;
const residentGrowthMax = 1.1;

export const memoryBench: Bench = {
  name: 'memory',
  about: 'what ingress holds while it serves at full speed for ten minutes',
  measure: measureMemory,
};

async function measureMemory({ quick, say }: BenchOptions): Promise<BenchRow[]> {
  const intervalMs = quick ? 5_000 : 20_000;
  const folder = await mkdtemp(join(tmpdir(), 'platte-bench-memory-'));
  const nats = await startNats({ dataDir: join(folder, 'nats'), cacheDir: cacheFolder(), auth: 'none', say });
  const nc = await connectNats({ url: nats.url, name: 'bench', say });
  await ensureStreams(nc, { replicas: 1, factsBytesMax: 4 * 2 ** 30 });
  await publishSnapshot(nc, idleSnapshot);
  const ingress = await startProbed(nats.url, join(folder, 'ingress'));
  const samples: Sample[] = [];
  try {
    for (let round = 1; round <= (quick ? 12 : 30); round++) {
      const { answers, failures } = await loadOnce(ingress.port, intervalMs);
      // Nobody follows this log: it would fill the disk.
      await nc.request(`$JS.API.STREAM.PURGE.${logNames().facts.stream}`);
      const sample = { ...(await readMemory(ingress.child)), answers, failures };
      samples.push(sample);
      say(
        `${(round * intervalMs) / 1000} s: heap ${inMiB(sample.heapBytes)} MiB, held ${inMiB(sample.heldBytes)}, resident ${inMiB(sample.residentBytes)}, ${answers} answers`,
      );
    }
  } finally {
    const ended = once(ingress.child, 'exit');
    ingress.child.kill('SIGTERM');
    await ended;
    await nc.close();
    await nats.stop();
    await rm(folder, { recursive: true, force: true });
  }
  return toRows(samples);
}

async function startProbed(natsUrl: string, dataDir: string): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(join(import.meta.dirname, '..', '..', '..', 'apps/ingress/dist/main.js'), {
    execArgv: ['--expose-gc', '--import', join(import.meta.dirname, 'memory-probe.js')],
    env: {
      ...process.env,
      PLATTE_NATS_URL: natsUrl,
      PLATTE_PORT: '0',
      PLATTE_DATA_DIR: dataDir,
      PLATTE_LOG_LEVEL: 'error',
    },
  });
  const [message] = (await once(child, 'message')) as [unknown];
  if (!isReadyMessage(message)) throw new Error('ingress said something else than that it is ready');
  return { child, port: message.ports['omaha'] ?? 0 };
}

function loadOnce(port: number, measureMs: number): ReturnType<typeof runLoad> {
  const shape = { path: '/v1/update/', body: idleCheck, machine, machines, connections: 64, keepAlive: true };
  return runLoad({ port, ...shape, warmUpMs: 0, measureMs });
}

async function readMemory(child: ChildProcess): Promise<Pick<Sample, 'heapBytes' | 'heldBytes' | 'residentBytes'>> {
  const answer = once(child, 'message') as Promise<[MemoryReport]>;
  child.send('memory');
  const [{ usage }] = await answer;
  return {
    heapBytes: usage.heapUsed,
    heldBytes: usage.heapUsed + usage.external,
    residentBytes: usage.rss,
  };
}

function toRows(samples: readonly Sample[]): BenchRow[] {
  const steady = samples.slice(Math.floor(samples.length * warmUpShare));
  const part = Math.ceil(steady.length / 3);
  const [first, last] = [steady.slice(0, part), steady.slice(-part)];
  const compare = (name: string, of: (sample: Sample) => number, max: number): BenchRow => {
    const [baseline, figure] = [median(first.map(of)) / 2 ** 20, median(last.map(of)) / 2 ** 20];
    const ratio = figure / baseline;
    return { name, figure, unit: 'MiB', baseline, ratio, goal: `<= ${max}`, met: ratio <= max };
  };
  const answers = samples.reduce((sum, sample) => sum + sample.answers, 0);
  const failures = samples.reduce((sum, sample) => sum + sample.failures, 0);
  return [
    compare('heap after a collection, last third against first', ({ heapBytes }) => heapBytes, growthMax),
    compare('heap and buffers', ({ heldBytes }) => heldBytes, growthMax),
    compare('resident memory', ({ residentBytes }) => residentBytes, residentGrowthMax),
    { name: 'check-ins answered meanwhile', figure: answers, unit: '' },
    { name: 'answers that were not 200', figure: failures, unit: '', goal: '0', met: failures === 0 },
  ];
}

const inMiB = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
