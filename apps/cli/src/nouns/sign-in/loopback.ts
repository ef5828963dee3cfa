// A port of this machine that waits for one answer: the code that the person's browser brings. Only a request with our state
// counts; others are told that nothing is here.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Loopback {
  port: number;
  code: Promise<string>;
  close(): void;
}

/** Anybody on this machine may connect. */
const headersTimeout = 10_000;
const lastPageMs = 1_000;

const page = (text: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>platte</title><p>${text}</p></html>`;

export async function listenForCode(state: string): Promise<Loopback> {
  const { promise: code, resolve } = Promise.withResolvers<string>();
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    response.on('error', () => {});
    const found = readCode(`http://127.0.0.1${request.url ?? '/'}`, state);
    response.writeHead(found === undefined ? 404 : 200, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      connection: 'close',
    });
    response.end(
      page(found === undefined ? 'Nothing is here.' : 'Done. Close this window and go back to the terminal.'),
    );
    if (found !== undefined) resolve(found);
  };
  const server = createServer(
    { headersTimeout, requestTimeout: headersTimeout, connectionsCheckingInterval: 1_000 },
    answer,
  );
  await new Promise<void>((listening, refused) => {
    server.once('error', refused);
    server.listen(0, '127.0.0.1', listening);
  });
  return {
    port: (server.address() as AddressInfo).port,
    code,
    close() {
      server.close();
      server.closeIdleConnections();
      // Whoever still sends must not keep the command line from ending; the page that says so is on its way until then.
      setTimeout(() => server.closeAllConnections(), lastPageMs).unref();
    },
  };
}

/** The code in the address that a browser ended at; undefined when it is no answer to what we asked. */
export function readCode(address: string, state: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const { pathname, searchParams } = new URL(address);
  const code = searchParams.get('code');
  return pathname === '/callback' && searchParams.get('state') === state && code ? code : undefined;
}
