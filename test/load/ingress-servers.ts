// The servers that the ingress bench compares: the real program with a nats-server of its own, the same without its log, and
// node:http that sends a constant. Each is a process of its own.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, startNats } from '@platte/backing';
import { connectNats, ensureStreams, publishSnapshot } from '@platte/fact-log';
import { isReadyMessage } from '@platte/service';
import { idleSnapshot } from './idle-fleet.js';

export interface Measured {
  name: 'raw' | 'unrecorded' | 'ingress';
  port: number;
  /** Processor time so far, in microseconds. */
  cpuUs: () => Promise<number>;
}

export interface Servers {
  raw: Measured;
  unrecorded: Measured;
  ingress: Measured;
  stop: () => Promise<void>;
}

const root = join(import.meta.dirname, '..', '..', '..');

export async function startServers(say: (line: string) => void): Promise<Servers> {
  const folder = await mkdtemp(join(tmpdir(), 'platte-bench-ingress-'));
  const nats = await startNats({ dataDir: join(folder, 'nats'), cacheDir: cacheFolder(), auth: 'none', say });
  const nc = await connectNats({ url: nats.url, name: 'bench', say });
  await ensureStreams(nc, { replicas: 1, factsBytesMax: 20 * 2 ** 30 });
  await publishSnapshot(nc, idleSnapshot);
  await nc.close();

  const children = [
    fork(join(import.meta.dirname, 'raw-http.js')),
    fork(join(root, 'apps/ingress/dist/bench-unrecorded.js'), [JSON.stringify(idleSnapshot)]),
    fork(join(root, 'apps/ingress/dist/main.js'), {
      env: {
        ...process.env,
        PLATTE_NATS_URL: nats.url,
        PLATTE_PORT: '0',
        PLATTE_DATA_DIR: join(folder, 'ingress'),
        PLATTE_LOG_LEVEL: 'error',
      },
    }),
  ] as const;
  const [raw, unrecorded, ingress] = children;
  return {
    raw: await describe('raw', raw),
    unrecorded: await describe('unrecorded', unrecorded),
    ingress: await describeProgram(ingress),
    async stop() {
      await Promise.all(children.map(endChild));
      await nats.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** One of our own small servers: it tells its port, and its processor time when it gets any message. */
async function describe(name: Measured['name'], child: ChildProcess): Promise<Measured> {
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return {
    name,
    port,
    async cpuUs() {
      const answer = once(child, 'message') as Promise<[{ cpu: NodeJS.CpuUsage }]>;
      child.send('cpu');
      const [{ cpu }] = await answer;
      return cpu.user + cpu.system;
    },
  };
}

/** A program of the platform: its ready message, and its processor time from its metrics. */
async function describeProgram(child: ChildProcess): Promise<Measured> {
  const [message] = (await once(child, 'message')) as [unknown];
  if (!isReadyMessage(message)) throw new Error('ingress said something else than that it is ready');
  const { ports, urls } = message;
  return {
    name: 'ingress',
    port: ports['omaha'] ?? 0,
    async cpuUs() {
      const metrics = await (await fetch(`${urls['internal']}/metrics`)).text();
      return Number(/^process_cpu_seconds_total\S* (\S+)/m.exec(metrics)?.[1]) * 1e6;
    },
  };
}

async function endChild(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
