// One guard around every request of the front. A mistake of ours in one request costs that request an answer of 500 and a line of
// the log, and nobody else anything; a request that is no request of HTTP 1 gets no further.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

export type Serve = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

/** @param say receives what `serve` threw */
export function guardRequests(serve: Serve, say: (line: string) => void): RequestListener {
  return (request, response) => {
    // A client that hangs up breaks its streams. Without a listener that would be an uncaught exception.
    request.on('error', ignore);
    response.on('error', ignore);
    // node's parser accepts HTTP/2.0 and HTTP/0.9 in the first line, and neither has this shape.
    if (request.httpVersionMajor !== 1) return refuse(response, 505, 'This port speaks HTTP/1.1.');
    void attempt(serve, request, response, say);
  };
}

async function attempt(
  serve: Serve,
  request: IncomingMessage,
  response: ServerResponse,
  say: (line: string) => void,
): Promise<void> {
  try {
    await serve(request, response);
  } catch (error) {
    say(`a request failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    if (response.headersSent) response.destroy();
    else refuse(response, 500, 'This request brought out a mistake of ours. It is in the log.');
  }
}

/** An answer that needs nothing of the request. Its connection ends: a body may follow that nobody reads. */
export function refuse(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=UTF-8', Connection: 'close' });
  response.end(`${sentence}\n`);
}

function ignore(): void {}
