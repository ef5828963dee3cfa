// The port for operators and supervisors, not for machines and people: /livez, /readyz (its body lists every dependency),
// /metrics, and in test mode /test/clock: the time as this program sees it, so that a test can wait until all follow its offset.
import assert from 'node:assert';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Server } from 'node:net';
import type { Clock } from './clock.js';
import { guardRequests, requestLimits, silentMsMax } from './guard-requests.js';
import type { Health } from './health.js';

export interface InternalServer {
  /** The real one, where 0 was asked for. */
  port: number;
  close: () => Promise<void>;
}

export interface InternalServerOptions {
  port: number;
  host: string;
  health: Health;
  registry: { contentType: string; metrics: () => Promise<string> };
  clock?: Clock;
}

export async function startInternalServer(options: InternalServerOptions): Promise<InternalServer> {
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { status, type, body } = await answer(options, request).catch(toFailure);
    send(response, status, type, body);
  };
  const server = createServer(
    requestLimits,
    guardRequests(serve, () => {}),
  );
  server.maxConnections = connectionsMax;
  server.timeout = silentMsMax;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return { port: portOf(server), close: () => closeServer(server) };
}

/** A scraper, a few probes and a person. */
const connectionsMax = 256;

interface Page {
  status: number;
  type: string;
  body: string;
}

function toFailure(error: unknown): Page {
  return { status: 500, type: 'text/plain', body: `${String(error)}\n` };
}

const nothingHere: Page = { status: 404, type: 'text/plain', body: 'Here are /livez, /readyz and /metrics.\n' };

/** The port that a listening server really has. */
export function portOf(server: Pick<Server, 'address'>): number {
  const address = server.address();
  assert(typeof address === 'object' && address !== null, 'the server listens on no port');
  return address.port;
}

async function answer({ health, registry, clock }: InternalServerOptions, request: IncomingMessage): Promise<Page> {
  switch (`${request.method} ${request.url?.split('?')[0]}`) {
    case 'GET /livez':
      // An event loop that answers is alive; what the program depends on is readiness, which no restart mends.
      return { status: 200, type: 'text/plain', body: 'ok\n' };
    case 'GET /readyz': {
      const report = health.report();
      return {
        status: report.ready ? 200 : 503,
        type: 'application/json',
        body: `${JSON.stringify(report, null, 2)}\n`,
      };
    }
    case 'GET /metrics':
      return { status: 200, type: registry.contentType, body: await registry.metrics() };
    case 'GET /test/clock':
      if (!clock?.testMode) return nothingHere;
      return { status: 200, type: 'application/json', body: `{"now":${clock.now()}}\n` };
    default:
      return nothingHere;
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  response.end(body);
}

function closeServer(server: ReturnType<typeof createServer>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
