// `./platte bench memory`: whether ingress holds more and more while it serves at full speed for ten minutes: at intervals, what it
// holds after a collection of garbage, and what the system has given it.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, startNats } from '@platte/backing';
import { connectNats, ensureStreams, logNames, publishSnapshot } from '@platte/fact-log';
import { isReadyMessage } from '@platte/service';
import type { Bench, BenchOptions, BenchRow } from './bench.js';
import { endChild, nextMessage, forkChild } from './children.js';
import { idleCheck, idleSnapshot, machine, machines } from './idle-fleet.js';
import type { MemoryReport } from './memory-probe.js';
import { type Sample, toMemoryRows } from './memory-rows.js';
import { makeProgress } from './progress.js';
import { runLoad } from './run-load.js';

const intervalMs = 10_000;

export const memoryBench: Bench = {
  name: 'memory',
  about: 'what ingress holds while it serves at full speed for ten minutes',
  measure: measureMemory,
};

async function measureMemory({ quick, minutes = quick ? 1 : 10, say }: BenchOptions): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'platte-bench-memory-'));
  const nats = await startNats({ dataDir: join(folder, 'nats'), cacheDir: cacheFolder(), auth: 'none', say });
  const nc = await connectNats({ url: nats.url, name: 'bench', say });
  await ensureStreams(nc, { replicas: 1, factsBytesMax: 4 * 2 ** 30 });
  await publishSnapshot(nc, idleSnapshot);
  const ingress = await startProbed(nats.url, join(folder, 'ingress'));
  const samples: Sample[] = [];
  const rounds = Math.ceil((minutes * 60_000) / intervalMs);
  const advance = makeProgress('memory', rounds, say);
  const begun = performance.now();
  try {
    while (samples.length < rounds) {
      const { answers, failures } = await loadOnce(ingress.port);
      // Nobody follows this log: it would fill the disk.
      await nc.request(`$JS.API.STREAM.PURGE.${logNames().facts.stream}`);
      const memory = await readMemory(ingress.child);
      samples.push({ minutes: (performance.now() - begun) / 60_000, ...memory, answers, failures });
      say(describe(samples.at(-1)!));
      advance(1);
    }
  } finally {
    await endChild(ingress.child);
    await nc.close();
    await nats.stop();
    await rm(folder, { recursive: true, force: true });
  }
  return toMemoryRows(samples);
}

function describe({ minutes, heapBytes, heldBytes, residentBytes, answers }: Sample): string {
  const [heap, held, resident] = [heapBytes, heldBytes, residentBytes].map((bytes) => (bytes / 2 ** 20).toFixed(1));
  return `${minutes.toFixed(1)} min: heap ${heap} MiB, held ${held}, resident ${resident}, ${answers} answers`;
}

async function startProbed(natsUrl: string, dataDir: string): Promise<{ child: ChildProcess; port: number }> {
  const child = forkChild(join(import.meta.dirname, '..', '..', '..', 'apps/ingress/dist/main.js'), [], {
    execArgv: ['--expose-gc', '--import', join(import.meta.dirname, 'memory-probe.js')],
    env: {
      ...process.env,
      PLATTE_NATS_URL: natsUrl,
      PLATTE_PORT: '0',
      PLATTE_INTERNAL_PORT: '0',
      PLATTE_DATA_DIR: dataDir,
      PLATTE_LOG_LEVEL: 'error',
    },
  });
  const message = await nextMessage(child);
  if (!isReadyMessage(message)) throw new Error('ingress said something else than that it is ready');
  return { child, port: message.ports['omaha'] ?? 0 };
}

function loadOnce(port: number): ReturnType<typeof runLoad> {
  const shape = { path: '/v1/update/', body: idleCheck, machine, machines, connections: 64, keepAlive: true };
  return runLoad({ port, ...shape, warmUpMs: 0, measureMs: intervalMs });
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
