// The whole ingress in this process, for tests: real HTTP, a real nats-server of its own, a catalog with one application. Only
// the process's signals and its exit are stood in for.
import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, type RunningServer, startNats } from '@platte/backing';
import { connectNats, ensureStreams, publishRevision, publishSnapshot, readFacts } from '@platte/fact-log';
import type { Fact } from '@platte/facts';
import type { ApplicationSnapshot } from '@platte/rollout';
import { type HealthReport, makeLog, makeStopper, parseConfig, waitFor } from '@platte/service';
import type { NatsConnection } from '@nats-io/transport-node';
import { Config } from '../config.js';
import { serveMachines } from '../serve-machines.js';
import { sampleSnapshot } from './sample-catalog.js';

class HostProcess extends EventEmitter {
  exit(code: number): void {
    this.emit('exit', code);
  }
}

export interface TrialNats {
  url: string;
  server: RunningServer;
  nc: NatsConnection;
  /** Ends the server as `kill -9` does. */
  kill: () => Promise<void>;
  /** The server takes no processor time while this runs: its connections stay open, and nothing is acknowledged. */
  whileItHangs: <T>(run: () => Promise<T>) => Promise<T>;
  /** Starts it again on the same port and data. */
  restart: () => Promise<void>;
  publish: (snapshot: ApplicationSnapshot) => Promise<void>;
  /** All facts that the stream holds. */
  facts: () => Promise<Fact[]>;
  stop: () => Promise<void>;
}

interface TrialNatsOptions {
  /** `empty`: policy has published that there is no application. */
  catalog?: 'sample' | 'empty';
  /** Removed in the end; a new temporary one unless given. */
  folder?: string;
}

export async function startTrialNats({ catalog = 'sample', ...given }: TrialNatsOptions = {}): Promise<TrialNats> {
  const folder = given.folder ?? (await mkdtemp(join(tmpdir(), 'platte-ingress-nats-')));
  const place = { dataDir: folder, cacheDir: cacheFolder() };
  const start = (port: number) => startNats({ ...place, auth: 'none', port, fileStoreBytesMax: 2 ** 31 });
  let server = await start(0);
  const { url, port } = server;
  const nc = await connectNats({ url, name: 'test', say: () => {} });
  await ensureStreams(nc, { replicas: 1, factsBytesMax: 2 ** 30 });
  if (catalog === 'sample') await publishSnapshot(nc, sampleSnapshot());
  else await publishRevision(nc, 1);
  return {
    url,
    get server() {
      return server;
    },
    nc,
    async kill() {
      process.kill(server.pid, 'SIGKILL');
      await server.exited;
    },
    async whileItHangs(run) {
      process.kill(server.pid, 'SIGSTOP');
      try {
        return await run();
      } finally {
        process.kill(server.pid, 'SIGCONT');
      }
    },
    async restart() {
      server = await start(port);
      await waitFor({ what: 'NATS', attempt: () => nc.flush(), say: () => {} });
    },
    async publish(snapshot) {
      await publishSnapshot(nc, snapshot);
    },
    async facts() {
      const facts: Fact[] = [];
      for await (const message of readFacts(nc, { from: 1, until: Number.MAX_SAFE_INTEGER }))
        facts.push(...message.facts);
      return facts;
    },
    async stop() {
      await nc.close();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface TrialIngress {
  url: string;
  port: number;
  /** What it logged, as it would stand in a file. */
  logged: () => string;
  post: (body: string | Uint8Array, headers?: Record<string, string>) => Promise<{ status: number; body: string }>;
  ready: () => Promise<HealthReport & { status: number }>;
  metrics: () => Promise<string>;
  /** As SIGTERM does. @returns the exit code */
  stop: () => Promise<number>;
}

export async function startTrialIngress(natsUrl: string, settings: Record<string, string> = {}): Promise<TrialIngress> {
  const ownDir = settings['PLATTE_DATA_DIR'] === undefined;
  const dataDir = settings['PLATTE_DATA_DIR'] ?? (await mkdtemp(join(tmpdir(), 'platte-ingress-')));
  const parsed = parseConfig(Config, {
    PLATTE_NATS_URL: natsUrl,
    PLATTE_PORT: '0',
    PLATTE_INTERNAL_PORT: '0',
    PLATTE_DATA_DIR: dataDir,
    ...settings,
  });
  if (parsed.status === 'bad') throw new Error(parsed.problems.join('\n'));
  const lines: string[] = [];
  const log = makeLog({ program: 'ingress', level: 'debug', to: { write: (line) => void lines.push(line) } });
  const host = new HostProcess();
  const stopper = makeStopper({ log, graceMs: parsed.config.stopGrace, process: host });
  const { omaha, internal } = await serveMachines(parsed.config, { log, stopper });
  const url = `http://127.0.0.1:${omaha}/v1/update/`;
  const internalUrl = `http://127.0.0.1:${internal}`;
  return {
    url,
    port: omaha,
    logged: () => lines.join(''),
    async post(body, headers = { 'content-type': 'text/xml' }) {
      const response = await fetch(url, {
        method: 'POST',
        body: typeof body === 'string' ? body : Buffer.from(body),
        headers,
      });
      return { status: response.status, body: await response.text() };
    },
    async ready() {
      const response = await fetch(`${internalUrl}/readyz`);
      const report: HealthReport = JSON.parse(await response.text());
      return { status: response.status, ...report };
    },
    metrics: async () => (await fetch(`${internalUrl}/metrics`)).text(),
    async stop() {
      const ended = once(host, 'exit');
      host.emit('SIGTERM');
      const [code] = await ended;
      if (ownDir) await rm(dataDir, { recursive: true, force: true });
      return Number(code);
    },
  };
}
