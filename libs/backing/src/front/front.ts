// ClickHouse's HTTP interface in front of the embedded engine: the part that @clickhouse/client, curl and Grafana's
// plugin use. Each request is one statement that stands alone; what the engine cannot do is refused in ClickHouse's words.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { makeAnswer } from './answer.js';
import { openBody, toBodyError } from './body.js';
import { toClickhouseError } from './clickhouse-error.js';
import type { Engine } from './engine.js';
import { guardRequests, refuse } from './guard-requests.js';
import { perform } from './perform.js';
import { readQuery } from './query.js';
import { readCredentials, readQueryId, readRequest, readUrl } from './request.js';
import { authenticate, type User } from './users.js';

/** A query in the URL may be as long as ClickHouse's http_max_uri_size lets it be. */
const headerBytesMax = 1024 * 1024;
/** From the first byte of the headers to the last, as on the Omaha port. A body has a patience of its own (body.ts). */
const headersMsMax = 10_000;
/** How often node looks for headers that are past their deadline. */
const deadlineCheckMs = 1_000;
/** Longer than the 2.5 s for which @clickhouse/client keeps an idle connection, so that it is the client who closes. */
const keepAliveMs = 30_000;
/** Far above what programs and people of one machine open; each costs some 20 KiB. */
const connectionsMax = 1_000;

/** The data of inserts waits in the current folder until it is read. */
export function makeFront(engine: Engine, users: readonly User[], say: (line: string) => void): Server {
  const server = createServer(
    {
      maxHeaderSize: headerBytesMax,
      headersTimeout: headersMsMax,
      // Data of an insert may take longer than any fixed time.
      requestTimeout: 0,
      connectionsCheckingInterval: deadlineCheckMs,
      keepAliveTimeout: keepAliveMs,
    },
    guardRequests((request, response) => route({ engine, users, request, response }), say),
  );
  server.maxConnections = connectionsMax;
  return server;
}

type Incoming = Omit<Exchange, 'url'>;

function route(incoming: Incoming): Promise<void> | void {
  const { request, response } = incoming;
  const url = readUrl(request);
  if (url === undefined) return refuse(response, 400, 'The address is not a URL.');
  if (url.pathname === '/ping') return answerOk(request, response);
  if (url.pathname === '/' && isBareLook(request, url)) return answerOk(request, response);
  if (url.pathname === '/') return serve({ ...incoming, url });
  return refuse(response, 404, 'There is no such path here: queries go to /, and /ping answers Ok.');
}

/** A browser, or a person with curl, who asks whether anybody is there: ClickHouse says yes without a password. */
function isBareLook({ method }: IncomingMessage, { searchParams }: URL): boolean {
  return method === 'GET' && !searchParams.has('query');
}

function answerOk(request: IncomingMessage, response: ServerResponse): void {
  if (!request.complete && hasBody(request)) response.setHeader('Connection', 'close');
  response.end('Ok.\n');
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

interface Exchange {
  engine: Engine;
  users: readonly User[];
  request: IncomingMessage;
  response: ServerResponse;
  url: URL;
}

async function serve({ engine, users, request, response, url }: Exchange): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  let answer = makeAnswer({ request, response, queryId: '', version: engine.version, mayCompress: false });
  try {
    const queryId = readQueryId(url);
    const user = authenticate(users, readCredentials(request, url));
    const asked = readRequest(request, url, queryId);
    answer = makeAnswer({ request, response, version: engine.version, ...asked });
    const query = await readQuery(request, asked, openBody(request, response));
    const readOnly = request.method !== 'POST';
    await perform({ engine, user, asked, readOnly, query, answer, signal: gone.signal });
  } catch (error) {
    // Whoever hung up reads no error.
    if (!gone.signal.aborted) answer.fail(toClickhouseError(toBodyError(error)));
  }
}
