// What every HTTP listener of a program needs, whatever it serves: limits of time on requests, and one guard around each of them.
import type { IncomingMessage, RequestListener, ServerOptions, ServerResponse } from 'node:http';

/**
 * From the first byte of a request to the last of its headers, and of the whole. A client that is slower costs a connection for
 * that long, and no more: node looks for such clients every second, where its own default is 30 s.
 */
export const requestLimits = {
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  connectionsCheckingInterval: 1_000,
} as const satisfies ServerOptions;

/** Who neither sends nor takes anything for so long is gone, with half an answer on its way. Event streams say more often that they live. */
export const silentMsMax = 120_000;

type Serve = (request: IncomingMessage, response: ServerResponse) => unknown;

/**
 * A mistake in one request costs that request a 500, and nobody else anything.
 * @param onError receives what `serve` threw, at once or later
 */
export function guardRequests(serve: Serve, onError: (error: unknown) => void): RequestListener {
  return (request, response) => {
    // A client that hangs up breaks its streams. Without a listener that would be an uncaught exception.
    request.on('error', ignore);
    response.on('error', ignore);
    if (!speaksHttp1(request)) return refuseVersion(response);
    void attempt(serve, request, response, onError);
  };
}

async function attempt(
  serve: Serve,
  request: IncomingMessage,
  response: ServerResponse,
  onError: (error: unknown) => void,
): Promise<void> {
  try {
    await serve(request, response);
  } catch (error) {
    onError(error);
    if (response.headersSent) response.destroy();
    else refuse(response, 500, 'This request brought out a mistake of ours.');
  }
}

/** node's parser accepts HTTP/2.0 and HTTP/0.9 in the first line; a request of these versions has another shape. */
function speaksHttp1({ httpVersionMajor }: IncomingMessage): boolean {
  return httpVersionMajor === 1;
}

function refuseVersion(response: ServerResponse): void {
  refuse(response, 505, 'This port speaks HTTP/1.1.');
}

/** Its connection ends: a body may follow that nobody reads. */
function refuse(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
  response.end(`${sentence}\n`);
}

function ignore(): void {}
