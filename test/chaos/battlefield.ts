// The whole platform as real processes, two of each program, each connection over a link of its own.
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startClickhouse, startNats, startPostgres, type RunningServer } from '@platte/backing';
import { repositoryRoot } from '../journeys/repository.js';
import { keepProgram, keepServer, type Life } from './lives.js';
import { type Link, openLink } from './link.js';
import type { Endpoint } from './machines.js';
import { appendLines } from './append-lines.js';

export type ServerName = 'nats' | 'postgres' | 'clickhouse';
type Program = 'policy' | 'analytics' | 'api' | 'ingress';

export interface Field {
  dataDir: string;
  lives: ReadonlyMap<string, Life>;
  links: ReadonlyMap<string, Link>;
  /** The servers themselves, past every link: for who judges. */
  servers: Servers;
  /** Of the ingresses, over their links. */
  endpoints: Endpoint[];
  /** Of each program that serves now. */
  internalUrls: ReadonlyMap<string, string>;
  api: { url: string; token: string };
  /** All links whole, all lives up. */
  heal(): Promise<void>;
  stop(): Promise<void>;
}

interface Servers {
  nats: RunningServer;
  postgres: RunningServer;
  clickhouse: RunningServer;
}

export interface FieldOptions {
  dataDir: string;
  /** Loaded into each program before its own code: a deliberately broken variant. */
  mutant: string | null;
  /** Of each ingress: small, so that it can be filled. */
  spoolBytesMax: number;
  batchDelayMs?: number;
}

const members: Readonly<Record<Program, readonly string[]>> = {
  policy: ['policy-1', 'policy-2'],
  analytics: ['analytics-1', 'analytics-2'],
  api: ['api-1'],
  ingress: ['ingress-1', 'ingress-2'],
};
const needs: Readonly<Record<Program, readonly ServerName[]>> = {
  policy: ['nats', 'postgres'],
  analytics: ['nats', 'postgres', 'clickhouse'],
  api: ['nats', 'postgres', 'clickhouse'],
  ingress: ['nats'],
};

/** A program with a wrong setting ends, and is started again for ever. */
const patienceMs = 120_000;

async function failAfterPatience(name: string): Promise<never> {
  await delay(patienceMs, undefined, { ref: false });
  throw new Error(`${name} does not serve after ${patienceMs / 1000} s: its log says why`);
}

export async function openField(options: FieldOptions): Promise<Field> {
  const { dataDir } = options;
  await mkdir(join(dataDir, 'logs'), { recursive: true });
  const { servers, lives } = await openServers(dataDir);
  const links = new Map<string, Link>();
  const internalUrls = new Map<string, string>();
  const token = `plt_${randomBytes(6).toString('hex')}_${randomBytes(24).toString('base64url')}`;
  const served = new Map<string, Record<string, number>>();

  const link = async (name: string, port: () => number): Promise<number> => {
    const opened = await openLink(name, port);
    links.set(name, opened);
    return opened.port;
  };
  async function startMember(program: Program, name: string): Promise<void> {
    const env = await envOf(program, name);
    lives.set(
      name,
      keepProgram({
        name,
        main: join(repositoryRoot(), 'apps', program, 'dist/main.js'),
        env,
        logFile: join(dataDir, 'logs', `${name}.log`),
        execArgv: options.mutant === null ? [] : ['--import', options.mutant],
        onReady: (urls, ports) => {
          served.set(name, ports);
          internalUrls.set(name, urls['internal'] ?? '');
          // It comes back on the same port, as its link expects.
          if (ports['omaha'] !== undefined) env['PLATTE_PORT'] = String(ports['omaha']);
          if (ports['api'] !== undefined) env['PLATTE_API_PORT'] = String(ports['api']);
        },
      }),
    );
    await Promise.race([lives.get(name)!.up(), failAfterPatience(name)]);
  }
  async function envOf(program: Program, name: string): Promise<Record<string, string>> {
    const ports = new Map<ServerName, number>();
    for (const server of needs[program]) ports.set(server, await link(`${name}>${server}`, () => servers[server].port));
    return {
      PLATTE_DATA_DIR: join(dataDir, name),
      PLATTE_INTERNAL_PORT: '0',
      PLATTE_PORT: '0',
      PLATTE_API_PORT: '0',
      PLATTE_TEST_MODE: 'true',
      PLATTE_NATS_URL: `nats://127.0.0.1:${ports.get('nats')}`,
      PLATTE_NATS_USER: servers.nats.user,
      PLATTE_NATS_PASSWORD: servers.nats.password,
      PLATTE_POSTGRES_URL: withPort(servers.postgres.url, ports.get('postgres')),
      PLATTE_CLICKHOUSE_URL: `http://127.0.0.1:${ports.get('clickhouse')}`,
      PLATTE_CLICKHOUSE_USER: servers.clickhouse.user,
      PLATTE_CLICKHOUSE_PASSWORD: servers.clickhouse.password,
      PLATTE_BOOTSTRAP_TOKEN: token,
      PLATTE_SPOOL_MAX: `${options.spoolBytesMax}B`,
    };
  }

  for (const program of ['policy', 'analytics', 'api', 'ingress'] as const)
    await Promise.all(members[program].map((name) => startMember(program, name)));
  const endpoints: Endpoint[] = [];
  for (const name of members.ingress) {
    const port = await link(`fleet>${name}`, () => served.get(name)!['omaha']!);
    endpoints.push({ ingress: name, url: `http://127.0.0.1:${port}/v1/update/` });
  }
  return {
    dataDir,
    lives,
    links,
    servers,
    endpoints,
    internalUrls,
    api: { url: `http://127.0.0.1:${served.get('api-1')!['api']}`, token },
    async heal() {
      for (const one of links.values()) one.heal();
      for (const life of lives.values()) {
        life.signal('SIGCONT');
        life.wake();
      }
      for (const life of lives.values()) await life.up();
    },
    async stop() {
      for (const program of ['ingress', 'api', 'policy', 'analytics'] as const)
        await Promise.all(members[program].map((name) => stopLife(lives, name)));
      for (const server of ['nats', 'postgres', 'clickhouse']) await lives.get(server)?.stop();
      await Promise.all([...links.values()].map((one) => one.close()));
    },
  };
}

async function stopLife(lives: ReadonlyMap<string, Life>, name: string): Promise<void> {
  await lives.get(name)?.stop();
}

/** On the same port and the same data at every start. */
async function openServers(dataDir: string): Promise<{ servers: Servers; lives: Map<string, Life> }> {
  const cacheDir = process.env['PLATTE_CACHE_DIR'] ?? join(homedir(), '.cache', 'platte');
  const lives = new Map<string, Life>();
  const servers: Partial<Servers> = {};
  const starts = { nats: startNats, postgres: startPostgres, clickhouse: startClickhouse };
  for (const name of ['nats', 'postgres', 'clickhouse'] as const) {
    const log = appendLines(join(dataDir, 'logs', `${name}.log`));
    const options = { dataDir: join(dataDir, name), cacheDir, log, say: log };
    const life = keepServer(name, async () => {
      servers[name] = await starts[name]({ ...options, port: servers[name]?.port ?? 0 });
      return servers[name];
    });
    lives.set(name, life);
  }
  for (const life of lives.values()) await life.up();
  return { servers: servers as Servers, lives };
}

function withPort(url: string, port: number | undefined): string {
  const moved = new URL(url);
  if (port !== undefined) moved.port = String(port);
  return moved.href;
}
