// Three nats-servers that form one JetStream cluster on this machine, as an installation has it: TLS with a private
// authority, client certificates, and users. Clients and servers alike must show a certificate of the authority.
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, findFreePort, type RunningServer, ServerFailed, startNats } from '@platte/backing';
import { type Certificate, makeCertificates } from './certificates.js';
import { makeCredentials } from './nats-credentials.js';

/** What a client needs besides the URL; the names are those of `connectNats`. */
export interface NatsAccess {
  user?: string;
  password?: string;
  caFile?: string;
  certFile?: string;
  keyFile?: string;
  credsFile?: string;
}

export interface ClusterOptions {
  /** Certificates, credentials and the servers' data. */
  folder: string;
  /** How clients sign in, besides their certificate. */
  signIn?: 'password' | 'creds';
  /** Each line that a server writes. */
  log?: (name: string, line: string) => void;
}

/** A place in the cluster: a server that may be killed and started again on the same ports and data. */
export interface ClusterServer {
  name: string;
  port: number;
  /** Resolves when the server accepts connections. */
  start: () => Promise<RunningServer>;
}

export interface NatsCluster {
  servers: ClusterServer[];
  access: NatsAccess;
  /** Number of replicas that the streams can have. */
  replicas: number;
}

const names = ['nats-1', 'nats-2', 'nats-3'];

interface Place {
  name: string;
  port: number;
  routePort: number;
}

/** Decides ports, certificates and users of a cluster, and starts nothing yet. */
export async function planNatsCluster({ folder, signIn = 'password', log }: ClusterOptions): Promise<NatsCluster> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const certificates = await makeCertificates(join(folder, 'certificates'));
  const { serverConfig, access } = await makeSignIn(folder, signIn);
  const places: Place[] = [];
  for (const name of names)
    places.push({ name, port: await findFreePort('127.0.0.1'), routePort: await findFreePort('127.0.0.1') });
  const tls = renderTls(certificates.server, certificates.caFile);
  const toServer = (place: Place): ClusterServer => ({
    name: place.name,
    port: place.port,
    start: () =>
      startNats({
        dataDir: join(folder, place.name),
        cacheDir: cacheFolder(),
        port: place.port,
        auth: 'none',
        serverName: place.name,
        moreConfig: serverConfig + renderCluster(place, places, tls),
        log: (line) => log?.(place.name, line),
      }),
  });
  return {
    servers: places.map(toServer),
    access: { ...access, caFile: certificates.caFile, ...certificates.client },
    replicas: names.length,
  };
}

export interface RunningCluster extends NatsCluster {
  /** All servers, separated by commas. */
  url: string;
  running: Map<string, RunningServer>;
  /** Starts all servers, after all of them have ended. Resolves when every server knows who leads JetStream. */
  startAll: () => Promise<void>;
  stop: () => Promise<void>;
}

/** Another program may take a port between the choice and the server's start: that many choices. */
const attempts = 3;

/** @returns when every server knows who leads JetStream: streams can be made from then on */
export async function startNatsCluster(options: ClusterOptions): Promise<RunningCluster> {
  for (let attempt = 1; ; attempt++) {
    const cluster = await prepare({ ...options, folder: join(options.folder, `attempt-${attempt}`) });
    try {
      await cluster.startAll();
      return cluster;
    } catch (error) {
      await cluster.stop();
      if (attempt === attempts || !(error instanceof ServerFailed)) throw error;
    }
  }
}

async function prepare(options: ClusterOptions): Promise<RunningCluster> {
  // Each server says which of them leads, the leader that it does itself.
  const awareServers = new Set<string>();
  let led = Promise.withResolvers<void>();
  const log = (name: string, line: string): void => {
    options.log?.(name, line);
    if (!/new (JetStream cluster )?metadata leader/.test(line)) return;
    awareServers.add(name);
    if (awareServers.size === names.length) led.resolve();
  };
  const cluster = await planNatsCluster({ ...options, log });
  const running = new Map<string, RunningServer>();
  return {
    ...cluster,
    url: toUrls(cluster.servers.map(({ port }) => port)),
    running,
    startAll: async () => {
      led = Promise.withResolvers();
      awareServers.clear();
      // All are awaited also when one fails, so that `stop` finds those that started.
      const starting = cluster.servers.map(async ({ name, start }) => running.set(name, await start()));
      const failed = (await Promise.allSettled(starting)).find((one) => one.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      await led.promise;
    },
    stop: async () => {
      await Promise.all([...running.values()].map((server) => server.stop()));
    },
  };
}

export function toUrls(ports: readonly number[]): string {
  return ports.map((port) => `tls://127.0.0.1:${port}`).join(',');
}

/** The settings of a program that uses this cluster. */
export function toEnv(url: string, { access, replicas }: Pick<NatsCluster, 'access' | 'replicas'>) {
  const settings: Record<string, string | undefined> = {
    PLATTE_NATS_URL: url,
    PLATTE_NATS_REPLICAS: String(replicas),
    PLATTE_NATS_USER: access.user,
    PLATTE_NATS_PASSWORD: access.password,
    PLATTE_NATS_CA_FILE: access.caFile,
    PLATTE_NATS_CERT_FILE: access.certFile,
    PLATTE_NATS_KEY_FILE: access.keyFile,
    PLATTE_NATS_CREDS_FILE: access.credsFile,
  };
  return Object.fromEntries(
    Object.entries(settings).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

async function makeSignIn(
  folder: string,
  signIn: 'password' | 'creds',
): Promise<{ serverConfig: string; access: NatsAccess }> {
  if (signIn === 'creds') {
    const { serverConfig, creds } = makeCredentials();
    const credsFile = join(folder, 'platte.creds');
    await writeFile(credsFile, creds, { mode: 0o600 });
    return { serverConfig, access: { credsFile } };
  }
  const password = randomBytes(12).toString('hex');
  const serverConfig = `accounts {
  PLATTE { jetstream: enabled, users: [{ user: platte, password: "${password}" }] }
  SYS { users: [{ user: system, password: "${randomBytes(12).toString('hex')}" }] }
}
system_account: SYS
`;
  return { serverConfig, access: { user: 'platte', password } };
}

function renderTls({ certFile, keyFile }: Certificate, caFile: string): string {
  const files = { cert_file: certFile, key_file: keyFile, ca_file: caFile };
  const lines = Object.entries(files).map(([key, file]) => `${key}: ${JSON.stringify(file)}`);
  return `tls { ${lines.join(', ')}, verify: true, timeout: 5 }`;
}

/** Servers do not advertise each other: a client reaches those that its URL names, so that a test decides about each. */
function renderCluster(own: Place, all: readonly Place[], tls: string): string {
  const routes = all.filter(({ name }) => name !== own.name).map(({ routePort }) => `tls://127.0.0.1:${routePort}`);
  return `${tls}
cluster {
  name: platte
  listen: "127.0.0.1:${own.routePort}"
  no_advertise: true
  routes: ${JSON.stringify(routes)}
  ${tls}
}
`;
}
