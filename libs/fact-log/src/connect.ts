// One connection to NATS for a program. It waits for the server for ever and says for what; once connected it reconnects
// for ever. What is sent while the connection is away is lost, so that senders ask `isUp` and keep what matters.
import { connect, type ConnectionOptions, type NatsConnection } from '@nats-io/transport-node';
import { retryForever } from './backoff.js';

export interface ConnectOptions {
  /** One server or several, separated by commas: `nats://10.0.0.1:4222,nats://10.0.0.2:4222`. */
  url: string;
  user?: string | undefined;
  password?: string | undefined;
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
  const { url, say, signal } = options;
  return retryForever(
    { waitingFor: `NATS at ${url}`, say, signal, isFinal: (cause) => cause instanceof ServerTooOld },
    async () => {
      const nc = await connect(toDriverOptions(options));
      await assertServerVersion(nc);
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

class ServerTooOld extends Error {}

async function assertServerVersion(nc: NatsConnection): Promise<void> {
  const version = nc.info?.version ?? '0.0.0';
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  if (major > serverVersionMin[0] || (major === serverVersionMin[0] && minor >= serverVersionMin[1])) return;
  const server = nc.getServer();
  await nc.close();
  throw new ServerTooOld(
    `NATS server ${version} at ${server} is too old: Platte needs ${serverVersionMin.join('.')} or newer`,
  );
}

function toDriverOptions(options: ConnectOptions): ConnectionOptions {
  return {
    servers: options.url.split(',').map((server) => server.trim()),
    name: options.name,
    ...(options.user === undefined ? {} : { user: options.user }),
    ...(options.password === undefined ? {} : { pass: options.password }),
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
