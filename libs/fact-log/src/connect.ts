// One connection to NATS for a program. It waits for the server for ever and says for what; once connected it reconnects
// for ever. What is sent while the connection is away is lost, so that senders ask `isUp` and keep what matters.
import { readFileSync } from 'node:fs';
import { connect, type ConnectionOptions, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { retryForever } from './backoff.js';
import { destroyStale } from './destroy-stale.js';
import { NatsRefused } from './nats-refused.js';

/** Where the servers are and how a program signs in. Programs read it from their settings. */
export interface NatsAccess {
  /**
   * One server or several, separated by commas: `nats://10.0.0.1:4222,nats://10.0.0.2:4222`. `tls://` refuses a server without
   * TLS. User and password may stand in the first URL that has them.
   */
  url: string;
  /** Goes before what the URL has. */
  user?: string | undefined;
  password?: string | undefined;
  /** PEM file: authorities that signed the servers' certificates, in place of the system's. TLS is required then. */
  caFile?: string | undefined;
  /** PEM files of this client's own certificate and key. TLS is required then. */
  certFile?: string | undefined;
  keyFile?: string | undefined;
  /** File with a user's JWT and seed, as `nsc` writes it. In place of user and password. */
  credsFile?: string | undefined;
}

export interface ConnectOptions extends NatsAccess {
  /** Shown in the server's own connection list. */
  name: string;
  /** Says a line for people: what is waited for, and when it came. */
  say: (line: string) => void;
  /** Ends the waiting: the program is told to stop before its server came. */
  signal?: AbortSignal | undefined;
}

/** What a connection does: `since` is when it began to. */
export interface ConnectionState {
  up: boolean;
  server: string;
  since: number;
}

/** Client-side pings find a server that hangs: two unanswered ones, 10 to 15 s, and the client dials another. */
const pingIntervalMs = 5000;
const handshakeTimeoutMs = 5000;
/** Streams, consumers and headers that Platte uses behave the same from this version on. */
const serverVersionMin = [2, 10] as const;

/** @throws Error when the server is too old (a mistake that waiting does not mend) or when `signal` ends the waiting. */
export async function connectNats(options: ConnectOptions): Promise<NatsConnection> {
  const { say, signal } = options;
  const where = readServers(options).shown.join(', ');
  return retryForever(
    { waitingFor: `NATS at ${where}`, say, signal, isFinal: (cause) => cause instanceof NatsRefused },
    async () => {
      const nc = await connect(toDriverOptions(options));
      await assertServerVersion(nc);
      destroyStale(nc);
      return nc;
    },
  );
}

/** Calls back at once with the state of now and at every change, until the returned function is called. */
export function followConnection(nc: NatsConnection, onState: (state: ConnectionState) => void): () => void {
  let following = true;
  const tell = (up: boolean): void => {
    if (following) onState({ up, server: nc.getServer(), since: Date.now() });
  };
  void (async () => {
    for await (const status of nc.status()) {
      if (!following) return;
      if (status.type === 'disconnect' || status.type === 'close') tell(false);
      if (status.type === 'reconnect') tell(true);
    }
  })();
  tell(!nc.isClosed());
  return () => {
    following = false;
  };
}

async function assertServerVersion(nc: NatsConnection): Promise<void> {
  const version = nc.info?.version ?? '0.0.0';
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  if (major > serverVersionMin[0] || (major === serverVersionMin[0] && minor >= serverVersionMin[1])) return;
  const server = nc.getServer();
  await nc.close();
  throw new NatsRefused(
    `NATS server ${version} at ${server} is too old: Platte needs ${serverVersionMin.join('.')} or newer`,
  );
}

function toDriverOptions(options: ConnectOptions): ConnectionOptions {
  return {
    ...toAccessOptions(options),
    name: options.name,
    timeout: handshakeTimeoutMs,
    pingInterval: pingIntervalMs,
    maxPingOut: 2,
    reconnect: true,
    maxReconnectAttempts: -1,
    // 250 ms and up to as much again, so that a fleet of programs does not dial in step.
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    // A credential that is refused now may be accepted after the server is configured: keep trying, and say so.
    ignoreAuthErrorAbort: true,
    noAsyncTraces: true,
  };
}

/**
 * What the driver takes for the same access, for those who let a framework make the connection. All files are read anew for
 * each connection: a certificate or a JWT that was renewed is used without a restart.
 *
 * @throws Error when the file of credentials cannot be read
 */
export function toAccessOptions(access: NatsAccess): ConnectionOptions {
  const { caFile, certFile, keyFile, credsFile } = access;
  const { servers, isTls, user, password } = readServers(access);
  const files = Object.entries({ caFile, certFile, keyFile }).filter(([, file]) => file !== undefined);
  // Without `tls` the driver connects in the clear to a server that offers none.
  const tls = isTls || files.length > 0 ? { tls: Object.fromEntries(files) } : {};
  if (credsFile !== undefined) {
    readFileSync(credsFile);
    return { servers, ...tls, authenticator: credsAuthenticator(() => readFileSync(credsFile)) };
  }
  return { servers, ...tls, ...(user !== undefined && { user }), ...(password !== undefined && { pass: password }) };
}

interface Servers {
  /** `host:port` of each. */
  servers: string[];
  /** `nats://host:port` of each, for people: without credentials. */
  shown: string[];
  isTls: boolean;
  user?: string | undefined;
  password?: string | undefined;
}

/** The driver ignores credentials in URLs, so that they are taken out here. */
function readServers({ url, user, password }: NatsAccess): Servers {
  const urls = url.split(',').map((server) => new URL(server.trim()));
  const login = urls.find(({ username }) => username !== '');
  return {
    servers: urls.map(({ host }) => host),
    shown: urls.map(({ protocol, host }) => `${protocol}//${host}`),
    isTls: urls.some(({ protocol }) => protocol === 'tls:'),
    user: user ?? (login && decodeURIComponent(login.username)),
    password: password ?? (login && decodeURIComponent(login.password)),
  };
}
