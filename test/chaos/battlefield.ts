// The whole platform as real processes, two of each program, each connection over a link of its own.
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startClickhouse, startNats, startPostgres, type RunningServer } from '@platte/backing';
import { type NatsAccess, type NatsCluster, planNatsCluster, toEnv, toUrls } from '../cluster/nats-cluster.js';
import { repositoryRoot } from '../journeys/repository.js';
import { keepProgram, keepServer, type Life } from './lives.js';
import { type Link, openLink } from './link.js';
import type { Endpoint } from './machines.js';
import { appendLines } from './append-lines.js';

type Program = 'policy' | 'analytics' | 'api' | 'ingress';

export interface Field {
  dataDir: string;
  /** By name: `policy-1`, `postgres`, `nats`; in a cluster `nats-1`, `nats-2`, `nats-3`. */
  lives: ReadonlyMap<string, Life>;
  links: ReadonlyMap<string, Link>;
  /** The servers themselves, past every link: for who judges. */
  servers: Servers;
  /** Names of their lives. */
  serverNames: readonly string[];
  nats: NatsPlace;
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
  postgres: RunningServer;
  clickhouse: RunningServer;
}

/** Past every link: what `connectNats` takes. */
export interface NatsPlace extends NatsAccess {
  url: string;
}

export interface FieldOptions {
  dataDir: string;
  /** Loaded into each program before its own code: a deliberately broken variant. */
  mutant: string | null;
  /** Of each ingress: small, so that it can be filled. */
  spoolBytesMax: number;
  batchDelayMs?: number;
  /** NATS as a cluster of three, with this sign-in; without it, one server. */
  natsCluster?: 'password' | 'creds' | undefined;
}

const members: Readonly<Record<Program, readonly string[]>> = {
  policy: ['policy-1', 'policy-2'],
  analytics: ['analytics-1', 'analytics-2'],
  api: ['api-1'],
  ingress: ['ingress-1', 'ingress-2'],
};
/** Besides NATS, which all need. */
const needs: Readonly<Record<Program, readonly (keyof Servers)[]>> = {
  policy: ['postgres'],
  analytics: ['postgres', 'clickhouse'],
  api: ['postgres', 'clickhouse'],
  ingress: [],
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
  const { servers, natsServers, toNatsEnv, nats, lives } = await openServers(options);
  const serverNames = [...natsServers.map(({ name }) => name), 'postgres', 'clickhouse'];
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
    const natsPorts: number[] = [];
    for (const server of natsServers) natsPorts.push(await link(`${name}>${server.name}`, () => server.port()));
    const ports = new Map<keyof Servers, number>();
    for (const server of needs[program]) ports.set(server, await link(`${name}>${server}`, () => servers[server].port));
    return {
      PLATTE_DATA_DIR: join(dataDir, name),
      PLATTE_INTERNAL_PORT: '0',
      PLATTE_PORT: '0',
      PLATTE_API_PORT: '0',
      PLATTE_TEST_MODE: 'true',
      ...toNatsEnv(natsPorts),
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
    serverNames,
    nats,
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
      for (const server of serverNames) await lives.get(server)?.stop();
      await Promise.all([...links.values()].map((one) => one.close()));
    },
  };
}

async function stopLife(lives: ReadonlyMap<string, Life>, name: string): Promise<void> {
  await lives.get(name)?.stop();
}

interface OpenServers extends NatsServers {
  servers: Servers;
  lives: Map<string, Life>;
}

interface NatsServers {
  natsServers: { name: string; port: () => number }[];
  /** Settings of a program that reaches the servers on these ports. */
  toNatsEnv: (ports: readonly number[]) => Record<string, string>;
  nats: NatsPlace;
}

/** On the same port and the same data at every start. */
async function openServers({ dataDir, natsCluster }: FieldOptions): Promise<OpenServers> {
  const lives = new Map<string, Life>();
  const servers: Partial<Servers> = {};
  const starts = { postgres: startPostgres, clickhouse: startClickhouse };
  for (const name of ['postgres', 'clickhouse'] as const) {
    const life = keepServer(name, async () => {
      servers[name] = await starts[name]({ ...placeOf(dataDir, name), port: servers[name]?.port ?? 0 });
      return servers[name];
    });
    lives.set(name, life);
  }
  const nats =
    natsCluster === undefined ? await openNats(dataDir, lives) : await openCluster(dataDir, natsCluster, lives);
  for (const life of lives.values()) await life.up();
  return { ...nats, servers: servers as Servers, lives };
}

function placeOf(dataDir: string, name: string) {
  const cacheDir = process.env['PLATTE_CACHE_DIR'] ?? join(homedir(), '.cache', 'platte');
  const log = appendLines(join(dataDir, 'logs', `${name}.log`));
  return { dataDir: join(dataDir, name), cacheDir, log, say: log };
}

async function openNats(dataDir: string, lives: Map<string, Life>): Promise<NatsServers> {
  let server: RunningServer | undefined;
  const place = placeOf(dataDir, 'nats');
  const life = keepServer('nats', async () => (server = await startNats({ ...place, port: server?.port ?? 0 })));
  lives.set('nats', life);
  await life.up();
  const { url, port, user, password } = server!;
  return {
    natsServers: [{ name: 'nats', port: () => port }],
    toNatsEnv: ([linked]) => ({
      PLATTE_NATS_URL: `nats://127.0.0.1:${linked}`,
      PLATTE_NATS_USER: user,
      PLATTE_NATS_PASSWORD: password,
    }),
    nats: { url, user, password },
  };
}

async function openCluster(
  dataDir: string,
  signIn: 'password' | 'creds',
  lives: Map<string, Life>,
): Promise<NatsServers> {
  const logs = new Map<string, (line: string) => void>();
  const cluster: NatsCluster = await planNatsCluster({
    folder: join(dataDir, 'nats'),
    signIn,
    log: (name, line) => logs.get(name)?.(line),
  });
  for (const { name, start } of cluster.servers) {
    logs.set(name, appendLines(join(dataDir, 'logs', `${name}.log`)));
    lives.set(name, keepServer(name, start));
  }
  return {
    natsServers: cluster.servers.map(({ name, port }) => ({ name, port: () => port })),
    toNatsEnv: (ports) => toEnv(toUrls(ports), cluster),
    nats: { url: toUrls(cluster.servers.map(({ port }) => port)), ...cluster.access },
  };
}

function withPort(url: string, port: number | undefined): string {
  const moved = new URL(url);
  if (port !== undefined) moved.port = String(port);
  return moved.href;
}
