// The API as functions, for the console and the command line: `client.getGroup({ params: { id } })`. It is typed by the
// table of operations and built from it, in a hundred lines, rather than generated: no generated code to commit, to keep in
// step or to read, and a shape that changes is a type error at once in whoever uses it. It runs in browsers.
import { type Operation } from './operation.js';
import {
  apiPrefix,
  operations,
  type BodyOf,
  type OperationId,
  type Operations,
  type OutputOf,
  type ParamsOf,
  type QueryOf,
} from './operations.js';
import { Problem } from './problem.js';

export interface ClientOptions {
  /** Where the API is, without `/api/v1`: `http://127.0.0.1:8080`; '' is where the page came from. */
  url: string;
  /** An API token; a page that is signed in has a cookie in its place. */
  token?: string;
  /** Sent with what changes something: a page proves with it that it is our page. */
  csrfToken?: () => string | undefined;
  /** Milliseconds until a request without an answer is given up. */
  timeoutMs?: number;
  fetch?: typeof globalThis.fetch;
}

const defaultTimeoutMs = 30_000;

type Has<Id extends OperationId, Key extends string> = Operations[Id] extends Record<Key, unknown> ? true : false;
type Given<Id extends OperationId> = (Has<Id, 'params'> extends true ? { params: ParamsOf<Id> } : unknown) &
  (Has<Id, 'query'> extends true ? { query?: QueryOf<Id> } : unknown) &
  (Has<Id, 'body'> extends true ? { body: BodyOf<Id> } : unknown) &
  (Operations[Id] extends { edits: true } ? { /** The revision that was read. */ ifMatch: number } : unknown) &
  (Operations[Id] extends { method: 'POST' } ? { idempotencyKey?: string } : unknown) & { signal?: AbortSignal };

type Call<Id extends OperationId> =
  {} extends Given<Id> ? (given?: Given<Id>) => Promise<OutputOf<Id>> : (given: Given<Id>) => Promise<OutputOf<Id>>;

/** What answers no JSON has its own way: `watchEvents` for the stream. */
type JsonOperationId = { [Id in OperationId]: Operations[Id] extends { produces: string } ? never : Id }[OperationId];

export type Client = { [Id in JsonOperationId]: Call<Id> };

/** The API said no, and said why. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title);
  }
}

/** Nobody answered, or something that is not the API did. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
}

interface AnyGiven {
  params?: Record<string, unknown>;
  query?: Record<string, unknown>;
  body?: unknown;
  ifMatch?: number;
  idempotencyKey?: string;
  signal?: AbortSignal;
}

export function makeClient(options: ClientOptions): Client {
  const calls = Object.entries<Operation>(operations).map(([id, operation]) => [
    id,
    (given: AnyGiven = {}) => call(options, operation, given),
  ]);
  return Object.fromEntries(calls) as Client;
}

/** All items of a list, page by page: `for await (const group of eachItem(client.listGroups, { query }))`. */
export async function* eachItem<Item, Given extends { query?: object }>(
  list: (given: Given) => Promise<{ items: Item[]; next: string | null }>,
  given: Given,
): AsyncGenerator<Item> {
  let cursor: string | undefined;
  do {
    const page = await list({ ...given, query: { ...given.query, ...(cursor && { cursor }) } });
    yield* page.items;
    cursor = page.next ?? undefined;
  } while (cursor);
}

async function call(options: ClientOptions, operation: Operation, given: AnyGiven): Promise<unknown> {
  const request = toRequest(options, operation, given);
  const { timeoutMs = defaultTimeoutMs } = options;
  const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(given.signal ? [given.signal] : [])]);
  let response: Response;
  try {
    response = await (options.fetch ?? fetch)(request.url, { ...request.init, signal });
  } catch (cause) {
    const isLate = cause instanceof Error && cause.name === 'TimeoutError';
    const why = isLate ? ` within ${timeoutMs / 1000} s` : `: ${toCause(cause)}`;
    throw new ConnectionError(`no answer from ${options.url || 'the server'}${why}`, { cause });
  }
  if (response.status === 204) return undefined;
  const type = response.headers.get('content-type') ?? '';
  if (response.ok && type.startsWith('application/json')) return response.json();
  if (type.startsWith('application/problem+json')) throw new ApiError(Problem.parse(await response.json()));
  throw new ConnectionError(
    `${request.url} answered ${response.status} with ${type || 'no type'}: is this Platte's API?`,
  );
}

function toCause(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return inner instanceof Error ? inner.message || inner.name : String(inner);
}

export function toHeaders({ token }: ClientOptions): Record<string, string> {
  return {
    accept: 'application/json, application/problem+json',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
}

/** The URL and the init that `fetch` takes: exported for tests of the wire. */
export function toRequest(
  options: ClientOptions,
  operation: Operation,
  given: AnyGiven,
): { url: string; init: RequestInit } {
  const { method } = operation;
  const headers = toHeaders(options);
  const csrf = method === 'GET' ? undefined : options.csrfToken?.();
  if (csrf) headers['x-csrf-token'] = csrf;
  if (given.ifMatch !== undefined) headers['if-match'] = `"${given.ifMatch}"`;
  if (given.idempotencyKey) headers['idempotency-key'] = given.idempotencyKey;
  const init: RequestInit = { method, headers };
  if (operation.body) {
    headers['content-type'] = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    init.body = JSON.stringify(given.body ?? {});
  }
  return {
    url: options.url.replace(/\/$/, '') + apiPrefix + toPath(operation.path, given.params) + toQuery(given.query),
    init,
  };
}

function toPath(path: string, params: Record<string, unknown> = {}): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])));
}

export function toQuery(query: Record<string, unknown> = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  if (given.length === 0) return '';
  return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)] as [string, string])).toString()}`;
}
