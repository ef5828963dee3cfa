// The hand-over between Nest and the raw server: Nest's adapter makes the server before Nest has put its providers together.
// `shut` until a provider opens it (every request gets 503), `open`, and `closing` while the last answers go out, each of which
// then closes its connection.
import type { RequestListener, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { limits } from '@platte/omaha';
import { makeClientAddress } from './client-address.js';
import type { CheckIns } from './check-ins.js';
import type { Config } from './config.js';
import { replies } from './fixed-replies.js';
import { makeIsOmahaPath } from './omaha-path.js';
import { makeOmahaServer, type OmahaServerOptions, refuseBrokenRequest } from './omaha-server.js';
import { takePlainRequests } from './plain-connections.js';

type Handlers = { checkIns: CheckIns } & Pick<OmahaServerOptions, 'onRefused'>;

export interface OmahaRoute {
  /** For Nest's Fastify adapter. */
  serverFactory: (ordinary: RequestListener) => Server;
  options: OmahaServerOptions;
  open: (handlers: Handlers) => void;
  /** Takes no new connections, waits for the answers that are held, then ends the connections. */
  close: () => Promise<void>;
}

export function makeOmahaRoute(config: Config): OmahaRoute {
  let handlers: Handlers | undefined;
  let server: Server | undefined;
  const options: OmahaServerOptions = {
    isOmahaPath: makeIsOmahaPath(config.updateSecret),
    addressOf: makeClientAddress(config.trustedProxies),
    receive: (body, address, reply) =>
      handlers === undefined ? reply.refuse(replies.overloaded) : handlers.checkIns.receive(body, address, reply),
    onRefused: (cause, address, bytes) => handlers?.onRefused(cause, address, bytes),
    isClosing: () => server?.listening === false,
    bodyBytesMax: limits.bodyBytesMax,
    headersTimeoutMs: config.headersTimeout,
    requestTimeoutMs: config.requestTimeout,
    keepAliveMs: config.keepAlive,
    connectionsMax: config.connectionsMax,
  };
  return {
    options,
    serverFactory(ordinary) {
      server = makeOmahaServer(options, ordinary);
      takePlainRequests(server, options);
      return server;
    },
    open: (opened) => void (handlers = opened),
    async close() {
      server?.close();
      server?.closeIdleConnections();
      await handlers?.checkIns.drained();
      server?.closeAllConnections();
    },
  };
}

/** Fastify's own answer to bytes that are no HTTP is longer than they deserve, and counts nothing. */
export function refuseBrokenRequests({ options }: OmahaRoute): (error: NodeJS.ErrnoException, socket: Duplex) => void {
  return (error, socket) => refuseBrokenRequest(options, error, socket);
}
