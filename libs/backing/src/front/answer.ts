// Answers of ClickHouse's HTTP interface: headers, compression, and errors before or after the first byte.
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import zlib from 'node:zlib';
import { type ClickhouseError, renderError, statusOf } from './clickhouse-error.js';
import { contentTypeOf } from './formats.js';

/** As `X-ClickHouse-Summary` has it; numbers travel as text there. */
export interface Summary {
  readRows: number;
  readBytes: number;
  writtenRows: number;
  writtenBytes: number;
  elapsedSeconds: number;
}

export interface Answer {
  /** Sends a whole result. */
  end(bytes: Uint8Array, format: string, summary: Summary): void;
  /** Sends a piece of a result; resolves when the client can take more, rejects when it takes too long. */
  write(bytes: Uint8Array, format: string): Promise<void>;
  finish(format: string): void;
  /** Before the first byte a status, after it an exception in the stream, which clients know by its tag. */
  fail(error: ClickhouseError): void;
}

export interface AnswerOptions {
  request: IncomingMessage;
  response: ServerResponse;
  queryId: string;
  version: string;
  mayCompress: boolean;
}

const tagBytes = 8;
/** A reader that takes nothing for that long would hold its place among the reads, or its answer in memory, for ever. */
const drainMsMax = 60_000;

export function makeAnswer({ request, response, queryId, version, mayCompress }: AnswerOptions): Answer {
  const tag = randomBytes(tagBytes).toString('hex');
  let body: Writable | undefined;
  response.setHeader('X-ClickHouse-Server-Display-Name', 'platte');
  if (queryId !== '') response.setHeader('X-ClickHouse-Query-Id', queryId);
  response.setHeader('X-ClickHouse-Timezone', 'UTC');

  function open(format: string): Writable {
    if (body !== undefined) return body;
    response.setHeader('Content-Type', contentTypeOf(format));
    response.setHeader('X-ClickHouse-Format', format);
    response.setHeader('X-ClickHouse-Exception-Tag', tag);
    body = mayCompress ? encode(request, response) : response;
    return body;
  }

  function endWith(target: Writable, bytes?: Uint8Array): void {
    // Of the connection: bytes that leave begin it anew.
    response.setTimeout(drainMsMax, () => response.destroy());
    if (bytes === undefined) target.end();
    else target.end(bytes);
  }

  return {
    end(bytes, format, summary) {
      response.setHeader('X-ClickHouse-Summary', renderSummary(summary));
      endWith(open(format), bytes);
    },
    async write(bytes, format) {
      const target = open(format);
      if (!target.write(bytes)) await drained(target, response);
    },
    finish(format) {
      endWith(open(format));
    },
    fail(error) {
      const text = renderError(error, version);
      if (body === undefined) sendError(response, error, text);
      else if (!body.writableEnded)
        body.end(`\r\n__exception__\r\n${tag}\r\n${text}${Buffer.byteLength(text)} ${tag}\r\n__exception__\r\n`);
    },
  };
}

function sendError(response: ServerResponse, { code }: ClickhouseError, text: string): void {
  response.statusCode = statusOf(code);
  response.setHeader('X-ClickHouse-Exception-Code', String(code));
  response.setHeader('Content-Type', 'text/plain; charset=UTF-8');
  if (response.statusCode === 401) response.setHeader('WWW-Authenticate', 'Basic realm="ClickHouse server HTTP API"');
  // What is left of a body that nobody reads would be taken for the next request.
  if (!response.req.complete) response.setHeader('Connection', 'close');
  response.end(text);
}

function drained(target: Writable, response: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void): void => {
      clearTimeout(timer);
      target.off('drain', onDrain);
      response.off('close', onDrain);
      end();
    };
    const onDrain = (): void => settle(resolve);
    const timer = setTimeout(() => {
      response.destroy();
      settle(() => reject(new Error('the client does not read its answer')));
    }, drainMsMax);
    target.on('drain', onDrain);
    // Whoever writes next sees that the client is gone.
    response.on('close', onDrain);
  });
}

/** The first of what the client accepts that is known here; its order is the client's. */
function encode(request: IncomingMessage, response: ServerResponse): Writable {
  const accepted = (request.headers['accept-encoding'] ?? '').split(',');
  for (const name of accepted.map((part) => part.split(';')[0]!.trim().toLowerCase())) {
    const encoder = encoders.get(name)?.();
    if (encoder === undefined) continue;
    response.setHeader('Content-Encoding', name);
    encoder.on('error', () => response.destroy());
    encoder.pipe(response);
    response.once('close', () => encoder.destroy());
    return encoder;
  }
  return response;
}

/** Fast levels: on loopback compression only costs, and far away it still saves most. */
const encoders = new Map<string, () => zlib.Gzip | zlib.BrotliCompress | zlib.ZstdCompress | zlib.Deflate>([
  ['gzip', () => zlib.createGzip({ level: 3 })],
  ['deflate', () => zlib.createDeflate({ level: 3 })],
  ['br', () => zlib.createBrotliCompress({ params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 3 } })],
  ['zstd', () => zlib.createZstdCompress()],
]);

function renderSummary(summary: Summary): string {
  return JSON.stringify({
    read_rows: String(summary.readRows),
    read_bytes: String(summary.readBytes),
    written_rows: String(summary.writtenRows),
    written_bytes: String(summary.writtenBytes),
    total_rows_to_read: '0',
    result_rows: '0',
    result_bytes: '0',
    elapsed_ns: String(Math.round(summary.elapsedSeconds * 1e9)),
  });
}
