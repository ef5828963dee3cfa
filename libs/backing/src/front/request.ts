// One HTTP request of ClickHouse's interface, read into what it asks for. Bodies are not read here.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ClickhouseError } from './clickhouse-error.js';
import type { Credentials, Settings } from './users.js';

export interface QueryRequest {
  queryId: string;
  /** The part of the query that is in the URL; the body continues it. */
  sql: string;
  database: string | undefined;
  /** For a query without FORMAT. */
  defaultFormat: string | undefined;
  /** `{name: Type}` in the query; values as they came, in ClickHouse's own escaping. */
  parameters: Map<string, string>;
  settings: Settings;
  /** The whole answer is made before its first byte is sent, so that an error is never in its middle. */
  waitForEnd: boolean;
  mayCompress: boolean;
}

/** What a URL says to the HTTP interface itself; all other names are settings. */
const interfaceNames = new Set([
  'query', 'query_id', 'database', 'default_format', 'user', 'password', 'quota_key', 'wait_end_of_query', 'buffer_size',
  'enable_http_compression', 'send_progress_in_http_headers', 'http_headers_progress_interval_ms', 'stacktrace',
  'client_protocol_version', 'session_timeout', 'session_check', 'close_session', 'http_write_exception_in_output_format',
  'compress', 'decompress', 'session_id', 'role', 'framing',
]); // prettier-ignore

/** Undefined for a target that is no URL: `//`, `/\\`, `http://`. */
export function readUrl({ url = '/' }: IncomingMessage): URL | undefined {
  return URL.parse(url, 'http://front') ?? undefined;
}

/**
 * Its caller's id, or a new one. It becomes a header of the answer, and part of a statement.
 * @throws ClickhouseError for one that no header can hold
 */
export function readQueryId({ searchParams }: URL): string {
  const given = searchParams.get('query_id') ?? '';
  if (given === '') return randomUUID();
  if (/^[\x20-\x7e]{1,255}$/.test(given)) return given;
  throw new ClickhouseError(36, 'BAD_ARGUMENTS', 'query_id must be 1 to 255 printable ASCII characters');
}

/** @throws ClickhouseError for what the embedded engine does not do */
export function readRequest(request: IncomingMessage, url: URL, queryId: string): QueryRequest {
  const asked = url.searchParams;
  refuseSessions(asked);
  refuseNativeCompression(asked);
  const parameters = new Map<string, string>();
  const settings = new Map<string, string>();
  for (const [name, value] of asked) {
    if (name.startsWith('param_')) parameters.set(name.slice('param_'.length), value);
    else if (!interfaceNames.has(name)) settings.set(name, value);
  }
  return {
    queryId,
    sql: asked.get('query') ?? '',
    database: headerOf(request, 'x-clickhouse-database') ?? asked.get('database') ?? undefined,
    defaultFormat: headerOf(request, 'x-clickhouse-format') ?? asked.get('default_format') ?? undefined,
    parameters,
    settings,
    waitForEnd: asked.get('wait_end_of_query') === '1',
    mayCompress: asked.get('enable_http_compression') === '1',
  };
}

function refuseSessions(asked: URLSearchParams): void {
  if (asked.get('session_id')) {
    throw new ClickhouseError(
      48,
      'NOT_IMPLEMENTED',
      'Sessions (session_id) are not supported by the embedded engine: each request stands alone. Send settings with each request, or use a ClickHouse server',
    );
  }
  if (asked.get('role')) {
    throw new ClickhouseError(
      48,
      'NOT_IMPLEMENTED',
      'Roles are not supported by the embedded engine, or use a ClickHouse server',
    );
  }
}

function refuseNativeCompression(asked: URLSearchParams): void {
  if (asked.get('compress') === '1' || asked.get('decompress') === '1') {
    throw new ClickhouseError(
      48,
      'NOT_IMPLEMENTED',
      "ClickHouse's own compressed blocks (compress, decompress) are not supported by the embedded engine. Use HTTP's Content-Encoding and Accept-Encoding",
    );
  }
}

/** As ClickHouse: its own headers, else basic authentication, else the URL. */
export function readCredentials(request: IncomingMessage, url: URL): Credentials | undefined {
  const name = headerOf(request, 'x-clickhouse-user');
  if (name !== undefined) return { name, password: headerOf(request, 'x-clickhouse-key') ?? '' };
  const basic = /^Basic\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (basic !== undefined) return splitBasic(Buffer.from(basic, 'base64').toString('utf8'));
  const inUrl = url.searchParams.get('user');
  return inUrl === null ? undefined : { name: inUrl, password: url.searchParams.get('password') ?? '' };
}

function splitBasic(text: string): Credentials {
  const colon = text.indexOf(':');
  return colon === -1 ? { name: text, password: '' } : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
