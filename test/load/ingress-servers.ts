// The servers that the ingress bench compares: the real program with a nats-server of its own, the same without its log, and
// node:http that sends a constant; and beside them policy and analytics with theirs. Each is a process of its own.
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, startClickhouse, startNats, startPostgres } from '@platte/backing';
import { connectNats, ensureStreams, followSnapshots, type NatsConnection } from '@platte/fact-log';
import type { ApplicationSnapshot } from '@platte/rollout';
import { isReadyMessage, type ReadyMessage } from '@platte/service';
import { withAttribute } from '../journeys/machines.js';
import { endChild, nextMessage, forkChild } from './children.js';
import { checkWithoutEvent } from './idle-fleet.js';
import { followers, settle } from './settle.js';

export type ServerName = 'raw' | 'parsing' | 'naive' | 'unrecorded' | 'ingress';

export interface Measured {
  child: ChildProcess;
  port: number;
  /** Processor time so far, in microseconds. */
  cpuUs: () => Promise<number>;
}

export interface Servers extends Record<ServerName, Measured> {
  /** A check of a machine that runs what its channel has. */
  idleCheck: string;
  /** Until nobody is busy with what was measured before. */
  settle: () => Promise<void>;
  /** Ends policy and analytics: what is measured from then on has nobody beside it. */
  leaveAlone: () => Promise<void>;
  stop: () => Promise<void>;
}

const root = join(import.meta.dirname, '..', '..', '..');

export async function startServers(say: (line: string) => void): Promise<Servers> {
  const folder = await mkdtemp(join(tmpdir(), 'platte-bench-ingress-'));
  const place = (name: string) => ({ dataDir: join(folder, name), cacheDir: cacheFolder(), say });
  const [nats, postgres, clickhouse] = await Promise.all([
    startNats({ ...place('nats'), auth: 'none' }),
    startPostgres(place('postgres')),
    startClickhouse(place('clickhouse')),
  ]);
  const nc = await connectNats({ url: nats.url, name: 'bench', say });
  await ensureStreams(nc, { replicas: 1, factsBytesMax: 20 * 2 ** 30 });
  const start = (name: string, env: Record<string, string>): ChildProcess =>
    forkChild(join(root, 'apps', name, 'dist/main.js'), [], {
      env: {
        ...process.env,
        PLATTE_NATS_URL: nats.url,
        PLATTE_POSTGRES_URL: postgres.url,
        PLATTE_DATA_DIR: join(folder, name),
        PLATTE_INTERNAL_PORT: '0',
        PLATTE_LOG_LEVEL: 'error',
        ...env,
      },
    });
  const policy = start('policy', { PLATTE_EXAMPLE_PACKAGES: 'true' });
  const analytics = start('analytics', {
    PLATTE_CLICKHOUSE_URL: clickhouse.url,
    PLATTE_CLICKHOUSE_USER: clickhouse.user,
    PLATTE_CLICKHOUSE_PASSWORD: clickhouse.password,
  });
  await Promise.all([untilReady(policy), untilReady(analytics)]);
  const snapshot = await readSnapshot(nc);

  // Each is listened to from its start: what it says before is lost.
  const own = (file: string, ...args: string[]) => describe(forkChild(file, args));
  const here = (file: string) => join(import.meta.dirname, file);
  const [raw, parsing, naive, unrecorded, ingress] = await Promise.all([
    own(here('raw-http.js')),
    own(here('raw-http.js'), 'parsing'),
    own(here('naive-http.js'), nats.url),
    own(join(root, 'apps/ingress/dist/bench-unrecorded.js'), JSON.stringify(snapshot)),
    describeProgram(start('ingress', { PLATTE_PORT: '0' })),
  ]);
  const measured = { raw, parsing, naive, unrecorded, ingress };
  let beside = [policy, analytics];
  const leaveAlone = async (): Promise<void> => {
    await Promise.all(beside.map(endChild));
    beside = [];
  };
  return {
    ...measured,
    idleCheck: toIdleCheck(snapshot),
    settle: () =>
      settle({
        nc,
        consumers: beside.length === 0 ? [] : followers,
        pids: [nats, postgres, clickhouse, ingress.child, ...beside].map(({ pid }) => pid!),
      }),
    leaveAlone,
    async stop() {
      await Promise.all(Object.values(measured).map(({ child }) => endChild(child)));
      await leaveAlone();
      await nc.close();
      await Promise.all([nats.stop(), postgres.stop(), clickhouse.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The catalog that policy made at its first start: Flatcar's, with example packages. */
async function readSnapshot(nc: NatsConnection): Promise<ApplicationSnapshot> {
  const follower = await followSnapshots({ nc });
  await follower.current;
  const [snapshot] = follower.all();
  await follower.stop();
  if (snapshot === undefined) throw new Error('policy has published no application');
  return snapshot;
}

/** A real check without its event, with the version that its channel has. */
function toIdleCheck({ channels, packages }: ApplicationSnapshot): string {
  const stable = channels.find(({ name, arch }) => name === 'stable' && arch === 'amd64');
  const newest = packages.find(({ id }) => id === stable?.package);
  if (newest === undefined) throw new Error('the first catalog has no package for stable on amd64');
  return withAttribute(checkWithoutEvent, 'version', newest.version);
}

async function untilReady(child: ChildProcess): Promise<ReadyMessage> {
  const message = await nextMessage(child);
  if (!isReadyMessage(message)) throw new Error('a program said something else than that it is ready');
  return message;
}

/** One of our own small servers: it tells its port, and its processor time when it gets any message. */
async function describe(child: ChildProcess): Promise<Measured> {
  const { port } = (await nextMessage(child)) as { port: number };
  return {
    child,
    port,
    async cpuUs() {
      const answer = nextMessage(child) as Promise<{ cpu: NodeJS.CpuUsage }>;
      child.send('cpu');
      const { cpu } = await answer;
      return cpu.user + cpu.system;
    },
  };
}

/** A program of the platform: its ready message, and its processor time from its metrics. */
async function describeProgram(child: ChildProcess): Promise<Measured> {
  const { ports, urls } = await untilReady(child);
  return {
    child,
    port: ports['omaha'] ?? 0,
    async cpuUs() {
      const metrics = await (await fetch(`${urls['internal']}/metrics`)).text();
      return Number(/^process_cpu_seconds_total\S* (\S+)/m.exec(metrics)?.[1]) * 1e6;
    },
  };
}
