// Questions over plain HTTP. A question here is several short statements, and @clickhouse/client took 2 ms of processor time
// for each, this takes 0.5 (measured with `select 1` against the embedded engine): it is for one answer of some rows at once,
// without streams, events and traces. Inserts and everything else go through the client (connection.ts).
import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { type ClickHouseSettings, parseError } from '@clickhouse/client';

export interface ReaderOptions {
  /** `http://…` or `https://…`, without credentials. */
  url: string;
  user: string;
  password: string;
  database: string;
  settings: ClickHouseSettings;
  connectionsMax: number;
  /** PEM of the authorities of `https`. */
  ca?: Buffer | undefined;
}

export interface Reader {
  /**
   * Rows of a statement that reads.
   *
   * @throws ClickHouseError for what the server refuses, the socket's error when there is none
   */
  ask<Row>(question: string, params: Params, signal: AbortSignal): Promise<Row[]>;
  close(): void;
}

/** Texts, numbers, yes or no, nothing, and lists of these. */
export type Params = Record<string, unknown>;

/** Shorter than any server keeps an idle connection: it is we who close. */
const idleMs = 2_500;

export function openReader(options: ReaderOptions): Reader {
  const { url, user, password, database, settings, connectionsMax } = options;
  const { origin, protocol } = new URL(url);
  const isEncrypted = protocol === 'https:';
  const limits = { keepAlive: true, maxSockets: connectionsMax, timeout: idleMs };
  const agent = isEncrypted
    ? new HttpsAgent({ ...limits, ...(options.ca && { ca: options.ca }) })
    : new HttpAgent(limits);
  const headers = { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password };
  // An error is told by the status, never in the middle of rows.
  const fixed = new URLSearchParams({ database, default_format: 'JSONEachRow', wait_end_of_query: '1' });
  for (const [name, value] of Object.entries(settings)) fixed.set(name, String(value));
  const base = fixed.toString();

  function send(search: string, body: Buffer, signal: AbortSignal): Promise<IncomingMessage> {
    const open = isEncrypted ? httpsRequest : httpRequest;
    const sent = open(`${origin}/?${search}`, {
      method: 'POST',
      agent,
      signal,
      headers: { ...headers, 'Content-Length': body.length },
    });
    sent.end(body);
    return responseOf(sent);
  }

  return {
    async ask<Row>(question: string, params: Params, signal: AbortSignal) {
      const given = new URLSearchParams();
      for (const [name, value] of Object.entries(params)) given.set(`param_${name}`, renderParam(value));
      const search = `${base}&${given.toString()}`;
      const body = Buffer.from(question);
      const response = await send(search, body, signal).catch((error: unknown) => {
        // The server closed an idle connection just then. To read again changes nothing.
        if (error instanceof StaleConnection) return send(search, body, signal);
        throw error;
      });
      const text = await textOf(response);
      if (response.statusCode !== 200) throw toError(response, text);
      return parseRows<Row>(text);
    },
    close: () => agent.destroy(),
  };
}

class StaleConnection extends Error {
  readonly code = 'ECONNRESET';
}

function responseOf(sent: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.once('response', resolve);
    sent.once('error', (cause: NodeJS.ErrnoException) => {
      const isStale = sent.reusedSocket && (cause.code === 'ECONNRESET' || cause.code === 'EPIPE');
      reject(isStale ? new StaleConnection('the server closed the connection', { cause }) : cause);
    });
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

function toError({ statusCode }: IncomingMessage, text: string): Error {
  return parseError(text === '' ? `ClickHouse answered ${statusCode} without a word` : text);
}

/** One object per line. */
function parseRows<Row>(text: string): Row[] {
  const rows: Row[] = [];
  for (let from = 0; from < text.length;) {
    const end = text.indexOf('\n', from);
    const to = end === -1 ? text.length : end;
    if (to > from) rows.push(JSON.parse(text.slice(from, to)));
    from = to + 1;
  }
  return rows;
}

/** As ClickHouse takes parameters: escaped as in TSV, and within lists quoted as in SQL. */
export function renderParam(value: unknown): string {
  if (value === null || value === undefined) return '\\N';
  if (typeof value === 'string') return escape(value);
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (Array.isArray(value)) return `[${value.map(renderElement).join(',')}]`;
  throw new TypeError(`no parameter can be a ${typeof value}`);
}

function renderElement(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  return typeof value === 'string' ? `'${escape(value)}'` : renderParam(value);
}

const escapes: Record<string, string> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', "'": "\\'", '\\': '\\\\' };

function escape(text: string): string {
  return text.replace(/[\t\n\r'\\]/g, (character) => escapes[character]!);
}
