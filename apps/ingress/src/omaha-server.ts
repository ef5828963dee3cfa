// The listener: one node:http server for Nest and for the Omaha endpoint. A POST to the endpoint is read here and given to
// `receive` as bytes, an address and a reply; everything else goes to Nest's own handler. Nothing of Nest runs per check-in, and
// `receive` knows nothing of node:http: plain requests do not even come this far (plain-connections.ts), and mean the same.
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type FixedReply, replies, sendFixed } from './fixed-replies.js';

/** How `receive` answers, once: with an Omaha document, or with one of the fixed refusals. */
export interface Reply {
  document: (xml: string) => void;
  refuse: (refusal: FixedReply) => void;
}

export interface OmahaServerOptions {
  isOmahaPath: (url: string) => boolean;
  addressOf: (peer: string | undefined, forwardedFor: string) => string;
  receive: (body: Uint8Array, address: string, reply: Reply) => void;
  /** What could not even be read as HTTP, or is refused before its body is read: for the counters. */
  onRefused: (
    cause: 'http' | 'too-large' | 'unsupported' | 'slow' | 'too-many-connections',
    address: string,
    bytes: Uint8Array,
  ) => void;
  /** From then on each answer ends its connection. */
  isClosing: () => boolean;
  bodyBytesMax: number;
  /** From the first byte to the last of the headers, and of the whole request. A slow client costs a connection, no more. */
  headersTimeoutMs: number;
  requestTimeoutMs: number;
  keepAliveMs: number;
  connectionsMax: number;
}

/** A real client sends 200 bytes of headers, a proxy adds a few hundred. */
export const headerBytesMax = 8 * 1024;
/** How often node looks for requests that are past their deadline. */
const deadlineCheckMs = 1_000;
/** Who neither sends nor takes anything for so long is gone, with an answer or half a payload on its way. */
const silentMsMax = 120_000;
/** A body over the limit is read and dropped up to here, so that its sender sees the answer instead of a reset. */
const droppedBytesMax = 2 * 1024 * 1024;
const nothing = new Uint8Array(0);
/** The newest exchange of each connection: answers leave in the order of their requests. */
const latest = new WeakMap<Duplex, Exchange>();
interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
}

export function makeOmahaServer(options: OmahaServerOptions, ordinary: RequestListener): Server {
  const server = createServer(
    {
      maxHeaderSize: headerBytesMax,
      headersTimeout: options.headersTimeoutMs,
      requestTimeout: options.requestTimeoutMs,
      keepAliveTimeout: options.keepAliveMs,
      connectionsCheckingInterval: deadlineCheckMs,
      // The answers of one connection are small and complete: nothing to gather.
      noDelay: true,
    },
    (request, response) => {
      latest.set(request.socket, { request, response });
      // node's parser accepts HTTP/2.0 and HTTP/0.9 in the first line.
      if (request.httpVersionMajor !== 1) return sendFixed(response, replies.wrongVersion);
      if (!options.isOmahaPath(request.url ?? '')) ordinary(request, response);
      else if (request.method !== 'POST') sendFixed(response, replies.wrongMethod);
      else readBody(options, request, response);
    },
  );
  // node's own way for a client that closes its half behind its request: it is waiting for its answer all the same.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.timeout = silentMsMax;
  server.maxConnections = options.connectionsMax;
  server.on('drop', (dropped) => options.onRefused('too-many-connections', dropped?.remoteAddress ?? '', nothing));
  return server;
}

/** For `clientError`: bytes that are no HTTP, both a length and chunks, headers too large, deadlines passed. */
export function refuseBrokenRequest(
  { onRefused }: OmahaServerOptions,
  error: NodeJS.ErrnoException & { rawPacket?: Buffer },
  socket: Duplex,
): void {
  // What follows on the last request of a connection, whose answer ends it and may still be on its way.
  const exchange = latest.get(socket);
  if (exchange?.request.complete === true && !exchange.response.shouldKeepAlive) return;
  if (!socket.writable || error.code === 'ECONNRESET' || error.code === 'EPIPE') {
    socket.destroy();
    return;
  }
  const isSlow = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const peer = 'remoteAddress' in socket && typeof socket.remoteAddress === 'string' ? socket.remoteAddress : '';
  onRefused(isSlow ? 'slow' : 'http', peer, error.rawPacket ?? nothing);
  const status = isSlow
    ? '408 Request Timeout'
    : error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : '400 Bad Request';
  afterAnswers(exchange, () => socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`));
}

/** A whole request before the broken one gets its own answer first: a client takes the first answer for that of its first request. */
function afterAnswers(exchange: Exchange | undefined, end: () => void): void {
  if (exchange === undefined || !exchange.request.complete || exchange.response.writableFinished) end();
  else exchange.response.once('finish', end);
}

function readBody(options: OmahaServerOptions, request: IncomingMessage, response: ServerResponse): void {
  const head = readHead(request.rawHeaders);
  if (isUnsupported(head.contentEncoding, head.contentType)) {
    options.onRefused('unsupported', addressOf(options, request, head), nothing);
    sendFixed(response, replies.unsupported);
    return;
  }
  if (head.contentLength > options.bodyBytesMax) {
    dropBody(options, request, response, head, 0);
    return;
  }
  let chunks: Buffer[] | undefined;
  let bytes = 0;
  request.on('data', function take(chunk: Buffer) {
    bytes += chunk.byteLength;
    // The usual case: the whole body came with the headers. Waiting for `end` would cost another turn of the queue.
    if (bytes === head.contentLength && chunks === undefined) receive(options, request, response, head, chunk);
    else if (bytes > options.bodyBytesMax) {
      request.off('data', take);
      dropBody(options, request, response, head, bytes);
    } else (chunks ??= []).push(chunk);
  });
  request.on('end', () => {
    if (bytes > options.bodyBytesMax) return;
    if (chunks !== undefined) receive(options, request, response, head, Buffer.concat(chunks));
    else if (bytes === 0) receive(options, request, response, head, nothing);
  });
}

function receive(
  options: OmahaServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  head: Head,
  body: Uint8Array,
): void {
  options.receive(body, addressOf(options, request, head), {
    document: (xml) => {
      const length = Buffer.byteLength(xml);
      const headers = [
        'Content-Type',
        'text/xml; charset=utf-8',
        'Cache-Control',
        'no-store',
        'Content-Length',
        String(length),
      ];
      if (options.isClosing()) headers.push('Connection', 'close');
      response.writeHead(200, headers);
      // Headers and body leave as one string in one write; one that is all ASCII needs no encoder.
      response.end(xml, length === xml.length ? 'latin1' : 'utf8');
    },
    refuse: (refusal) => sendFixed(response, refusal),
  });
}

/** Answers 413 once the rest has been read, or at once when there is too much of it. */
function dropBody(
  options: OmahaServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  head: Head,
  already: number,
): void {
  let bytes = already;
  options.onRefused('too-large', addressOf(options, request, head), nothing);
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.byteLength;
    if (bytes > droppedBytesMax && !response.headersSent) {
      sendFixed(response, replies.tooLarge);
      request.pause();
    }
  });
  request.on('end', () => {
    if (!response.headersSent) sendFixed(response, replies.tooLarge);
  });
}

/** The headers that matter here. `contentLength` is -1 where there is none: the body comes in chunks. */
interface Head {
  contentLength: number;
  contentEncoding: string;
  contentType: string;
  forwardedFor: string;
}

/** From the raw pairs: `request.headers` would make an object of all of them first, at 2 us a request. */
function readHead(rawHeaders: readonly string[]): Head {
  const head: Head = { contentLength: -1, contentEncoding: '', contentType: '', forwardedFor: '' };
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    if (name.length < 12 || name.length > 16) continue;
    const value = rawHeaders[index + 1]!;
    const lower = name.toLowerCase();
    if (lower === 'content-length') head.contentLength = Number(value);
    else if (lower === 'content-type') head.contentType = value;
    else if (lower === 'content-encoding') head.contentEncoding = value;
    else if (lower === 'x-forwarded-for') head.forwardedFor += head.forwardedFor === '' ? value : `,${value}`;
  }
  return head;
}

function addressOf(options: OmahaServerOptions, request: IncomingMessage, { forwardedFor }: Head): string {
  return options.addressOf(request.socket.remoteAddress, forwardedFor);
}

/** Compressed bodies, which no client sends, and types that are obviously something else; a missing or odd type is read. */
function isUnsupported(encoding: string, type: string): boolean {
  if (encoding !== '' && encoding.toLowerCase() !== 'identity') return true;
  return type !== '' && type !== 'text/xml' && /^\s*(multipart|image|audio|video|font)\//i.test(type);
}
