// ClickHouse's HTTP interface in front of the embedded engine: the part that @clickhouse/client, curl and Grafana's
// plugin use. Each request is one statement that stands alone; what the engine cannot do is refused in ClickHouse's words.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { makeAnswer } from './answer.js';
import { openBody, toBodyError } from './body.js';
import { toClickhouseError } from './clickhouse-error.js';
import type { Engine } from './engine.js';
import { perform } from './perform.js';
import { readQuery } from './query.js';
import { readCredentials, readRequest } from './request.js';
import { authenticate, type User } from './users.js';

/** A query in the URL may be as long as ClickHouse's http_max_uri_size lets it be. */
const headerBytesMax = 1024 * 1024;
/** Longer than the 2.5 s for which @clickhouse/client keeps an idle connection, so that it is the client who closes. */
const keepAliveMs = 30_000;

/** The data of inserts waits in the current folder until it is read. */
export function makeFront(engine: Engine, users: readonly User[]): Server {
  const server = createServer({ maxHeaderSize: headerBytesMax, keepAliveTimeout: keepAliveMs, requestTimeout: 0 });
  server.on('request', (request, response) => {
    const url = new URL(request.url ?? '/', 'http://front');
    if (url.pathname === '/ping') response.end('Ok.\n');
    else if (url.pathname === '/' && isBareLook(request, url)) response.end('Ok.\n');
    else if (url.pathname === '/') void serve({ engine, users, request, response, url });
    else response.writeHead(404).end('There is no such path here: queries go to /, and /ping answers Ok.\n');
  });
  return server;
}

/** A browser, or a person with curl, who asks whether anybody is there: ClickHouse says yes without a password. */
function isBareLook({ method }: IncomingMessage, { searchParams }: URL): boolean {
  return method === 'GET' && !searchParams.has('query');
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
  const queryId = url.searchParams.get('query_id') ?? '';
  let answer = makeAnswer({ request, response, queryId, version: engine.version, mayCompress: false });
  try {
    const user = authenticate(users, readCredentials(request, url));
    const asked = readRequest(request, url);
    answer = makeAnswer({ request, response, version: engine.version, ...asked });
    const query = await readQuery(request, asked, openBody(request));
    const readOnly = request.method !== 'POST';
    await perform({ engine, user, asked, readOnly, query, answer, signal: gone.signal });
  } catch (error) {
    // Whoever hung up reads no error.
    if (!gone.signal.aborted) answer.fail(toClickhouseError(toBodyError(error)));
  }
}
