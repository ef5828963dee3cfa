// A request's query, put together from its URL and its body: either a text that is run as it is, or an insert whose data
// is in the request, as bytes that are not read yet.
import type { IncomingMessage } from 'node:http';
import { type Bytes, queryBytesMax, readHead, readRest } from './body.js';
import { ClickhouseError } from './clickhouse-error.js';
import type { QueryRequest } from './request.js';
import { type InsertStatement, readStatement, type Statement } from './statement.js';

export type Query =
  | { kind: 'insert'; statement: InsertStatement; head: Buffer; rest: Bytes }
  | { kind: 'text'; sql: string; statement: Exclude<Statement, InsertStatement>; parameters: Map<string, string> };

const nothing: Bytes = { next: () => Promise.resolve({ value: undefined, done: true }) };

export async function readQuery(request: IncomingMessage, asked: QueryRequest, body: Bytes): Promise<Query> {
  assertShortEnough(asked.sql, asked);
  const inUrl = readStatement(asked.sql);
  if (inUrl.kind === 'insert') {
    return { kind: 'insert', statement: inUrl, head: Buffer.from(asked.sql.slice(inUrl.dataStart)), rest: body };
  }
  const type = request.headers['content-type'] ?? '';
  if (type.startsWith('multipart/form-data')) return readForm(type, await readRest(Buffer.alloc(0), body), asked);
  const { head, ended } = await readHead(body);
  const rest = ended ? nothing : body;
  if (asked.sql === '') {
    const insert = readInsertBytes(head);
    if (insert !== undefined) return { ...insert, rest };
  }
  const text = (await readRest(head, rest)).toString('utf8');
  return toText([asked.sql, text].filter((part) => part !== '').join('\n'), asked, asked.parameters);
}

/**
 * The engine's own limit, applied before a single token is read: what is longer it would refuse anyway.
 * @throws ClickhouseError with the engine's own words
 */
function assertShortEnough(sql: string, asked: QueryRequest): void {
  assertShorter(sql.length, asked);
  assertShorter(Buffer.byteLength(sql), asked);
}

function assertShorter(bytes: number, { settings }: QueryRequest): void {
  const wanted = Number(settings.get('max_query_size') ?? queryBytesMax);
  const limit = wanted > 0 ? wanted : Infinity;
  if (bytes <= limit) return;
  const what = `Max query size exceeded (can be increased with the \`max_query_size\` setting): ${limit} bytes`;
  throw new ClickhouseError(62, 'SYNTAX_ERROR', what);
}

/** Byte by byte, so that binary data after the query stays what it is; only the query itself is text. */
function readInsertBytes(head: Buffer): Omit<Extract<Query, { kind: 'insert' }>, 'rest'> | undefined {
  const statement = readStatement(head.toString('latin1'));
  if (statement.kind !== 'insert') return undefined;
  const { target, settings, format, dataStart } = statement;
  return {
    kind: 'insert',
    statement: { ...statement, target: asText(target), settings: asText(settings), format },
    head: head.subarray(dataStart),
  };
}

function asText(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}

function toText(sql: string, asked: QueryRequest, parameters: Map<string, string>): Query {
  assertShortEnough(sql, asked);
  const statement = readStatement(sql);
  // Its data would have begun behind the longest query there may be.
  if (statement.kind === 'insert') {
    throw new ClickhouseError(
      62,
      'SYNTAX_ERROR',
      'Send an insert either whole in the body, or with its query in the URL',
    );
  }
  return { kind: 'text', sql, statement, parameters };
}

/** How @clickhouse/client sends parameters that are too long for a URL: `query` and `param_*` as fields of a form. */
async function readForm(type: string, body: Buffer, asked: QueryRequest): Promise<Query> {
  const form = await parseForm(type, body);
  const parameters = new Map(asked.parameters);
  const parts = [asked.sql];
  let length = asked.sql.length;
  for (const [name, value] of form) {
    if (typeof value !== 'string') {
      throw new ClickhouseError(48, 'NOT_IMPLEMENTED', 'External tables are not supported by the embedded engine');
    }
    if (name === 'query') {
      parts.push(value);
      length += value.length + 1;
      assertShorter(length, asked);
    } else if (name.startsWith('param_')) parameters.set(name.slice('param_'.length), value);
  }
  return toText(parts.filter((part) => part !== '').join('\n'), asked, parameters);
}

/** @throws ClickhouseError for a body that is no form, or has no boundary */
async function parseForm(type: string, body: Buffer): Promise<FormData> {
  try {
    return await new Response(new Uint8Array(body), { headers: { 'Content-Type': type } }).formData();
  } catch {
    throw new ClickhouseError(36, 'BAD_ARGUMENTS', 'The body is not a form of the type that its Content-Type names');
  }
}
