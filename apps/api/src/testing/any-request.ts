// Requests out of the OpenAPI document, for the fuzzer: most of what they hold is as documented, some of it is not.
import { apiPrefix } from '@platte/api-contract';
import * as fc from 'fast-check';

type Schema = {
  $ref?: string;
  type?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  items?: Schema;
  pattern?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
};

interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  schema: Schema;
}

interface OperationObject {
  operationId: string;
  parameters: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

export interface Document {
  paths: Record<string, Record<string, OperationObject>>;
  components: { schemas: Record<string, Schema> };
}

export interface AnyRequest {
  id: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string | undefined;
}

const junk = fc.oneof(
  fc.json({ maxDepth: 2 }),
  fc.string(),
  fc.constantFrom('', '{', 'null', '[]', '"x"', '{"__proto__":1}'),
);

/** What nobody types, and somebody sends: text that stores, logs and parsers stumble over. */
const hostile = fc.constantFrom(
  '\0',
  'a\0b',
  '\ud800',
  '\udfff\ud800',
  '\ufeff',
  '\u202eabc',
  '💥'.repeat(64),
  'x'.repeat(5000),
  '%',
  '%00',
  '../../etc/passwd',
  "' or 1=1 --",
  '{id:String}',
  '$1',
  '${7*7}',
  '\r\nx-injected: 1',
  '__proto__',
  '-1',
  '1e400',
  'NaN',
  '9223372036854775808',
  'null',
);

function seldom<T, Else>(arbitrary: fc.Arbitrary<T>, otherwise: Else): fc.Arbitrary<T | Else> {
  return fc.oneof({ weight: 1, arbitrary }, { weight: 15, arbitrary: fc.constant(otherwise) });
}

/** @param known ids that exist, so that requests get beyond "not found" */
export function anyRequest(document: Document, known: readonly string[], id: string): fc.Arbitrary<AnyRequest> {
  for (const [path, methods] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(methods))
      if (operation.operationId === id) return anyOf(document, known, path, method, operation);
  throw new Error(`the document has no operation ${id}`);
}

function anyOf(document: Document, known: readonly string[], path: string, method: string, operation: OperationObject) {
  const values = (place: Parameter['in']) =>
    fc.record(
      Object.fromEntries(
        operation.parameters
          .filter((parameter) => parameter.in === place)
          .map(({ name, required, schema }) => [name, anyText(document, known, name, schema, required)]),
      ),
    );
  const [type, content] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  const body = content
    ? fc.oneof(
        { weight: 6, arbitrary: anyValue(document, known, content.schema, 0).map((value) => JSON.stringify(value)) },
        { weight: 1, arbitrary: junk },
      )
    : fc.constant(undefined);
  const more = seldom(
    fc.tuple(fc.constantFrom('unknown', 'limit', 'dryRun', '__proto__', 'cursor'), hostile),
    undefined,
  );
  const parts = { path: values('path'), query: values('query'), headers: values('header'), body, more };
  return fc.record(parts).map((drawn) => ({
    id: operation.operationId,
    method: method.toUpperCase(),
    url:
      apiPrefix +
      path.replace(/\{(\w+)\}/g, (_, name: string) => encode(drawn.path[name] ?? 'x')) +
      toQuery([...Object.entries(drawn.query), ...(drawn.more ? [drawn.more] : [])]),
    headers: { ...withoutUndefined(drawn.headers), ...(type !== undefined && { 'content-type': type }) },
    body: drawn.body,
  }));
}

/** Half of a surrogate pair has no percent-encoding: somebody else's bytes are sent in its place. */
function encode(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : '%ed%a0%80';
}

function anyText(
  document: Document,
  known: readonly string[],
  name: string,
  schema: Schema,
  required: boolean,
): fc.Arbitrary<string | undefined> {
  const wellFormed = anyValue(document, known, schema, 0).map(toText);
  const wild = name.includes('-')
    ? fc.constantFrom('"1"', '"999999"', '*', 'k1', 'x', '1.0', '999.0', `"${'9'.repeat(40)}"`)
    : fc.oneof(fc.string({ minLength: 1, unit: 'binary' }), hostile);
  const options = [
    { weight: 20, arbitrary: wellFormed.map((text) => (text === '' ? 'x' : text)) },
    { weight: 1, arbitrary: wild },
  ];
  const absent = { weight: 42, arbitrary: fc.constant(undefined) };
  return required ? fc.oneof(...options) : fc.oneof(...options, absent);
}

const depthMax = 5;

function anyValue(document: Document, known: readonly string[], schema: Schema, depth: number): fc.Arbitrary<unknown> {
  const inner = (part: Schema) => anyValue(document, known, part, depth + 1);
  if (depth > depthMax) return fc.constant(null);
  return fc.oneof(
    { weight: 60, arbitrary: ofSchema(document, known, schema, inner) },
    { weight: 1, arbitrary: fc.oneof(hostile, fc.jsonValue({ maxDepth: 1 }), fc.double()) },
  );
}

function ofSchema(
  document: Document,
  known: readonly string[],
  schema: Schema,
  inner: (part: Schema) => fc.Arbitrary<unknown>,
): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) {
    const named = document.components.schemas[schema.$ref.split('/').at(-1) ?? ''];
    return named ? inner(named) : fc.constant(null);
  }
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return fc.oneof(...options.map(inner));
  switch (schema.type) {
    case 'object':
      return anyObject(schema, inner);
    case 'array':
      return fc.array(inner(schema.items ?? {}), { minLength: schema.minItems ?? 0, maxLength: 3 });
    case 'string':
      return anyString(schema, known);
    case 'integer':
    case 'number':
      return anyNumber(schema);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return fc.jsonValue({ maxDepth: 1 });
  }
}

function anyObject(
  { properties = {}, required = [], additionalProperties }: Schema,
  inner: (part: Schema) => fc.Arbitrary<unknown>,
) {
  const fields = Object.fromEntries(Object.entries(properties).map(([name, part]) => [name, inner(part)]));
  const object: fc.Arbitrary<object> = fc.record(fields, { requiredKeys: required });
  const unknown = seldom(fc.dictionary(fc.oneof(fc.string(), hostile), fc.jsonValue(), { maxKeys: 2 }), {});
  if (typeof additionalProperties !== 'object')
    return fc.tuple(object, unknown).map(([own, others]) => ({ ...others, ...own }));
  const more = fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), inner(additionalProperties), { maxKeys: 3 });
  return fc.tuple(object, more).map(([own, others]) => ({ ...others, ...own }));
}

/** As `String`, which an object with a `toString` of its own makes throw. */
function toText(value: unknown): string {
  if (Array.isArray(value)) return value.map(toText).join(',');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function anyString(
  { pattern, format, minLength = 0, maxLength = 40 }: Schema,
  known: readonly string[],
): fc.Arbitrary<string> {
  if (format === 'guid' || format === 'uuid' || pattern?.includes('[0-9a-fA-F]{8}'))
    return fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: fc.uuid() });
  if (format === 'date-time')
    return fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') })
      .map((date) => date.toISOString());
  if (format === 'date') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString().slice(0, 10));
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern));
  return fc.string({ minLength, maxLength: Math.min(maxLength, Math.max(minLength, 40)), unit: 'grapheme' });
}

function anyNumber({ type, minimum, exclusiveMinimum, maximum }: Schema): fc.Arbitrary<number> {
  const min = Math.max(minimum ?? (exclusiveMinimum === undefined ? -1000 : exclusiveMinimum + 1), -(2 ** 40));
  const max = Math.min(maximum ?? 2 ** 33, 2 ** 33);
  const within = fc.integer({ min, max: Math.max(min, max) });
  return type === 'number' ? fc.oneof(within, fc.constant(0.5)) : within;
}

function withoutUndefined(record: Record<string, string | undefined>): Record<string, string> {
  // A header holds no more than printable ASCII: anything else is refused before it is sent.
  const entries = Object.entries(record).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value.replaceAll(/[^\x21-\x7e]/g, '?') || '?'] as const],
  );
  return Object.fromEntries(entries);
}

function toQuery(query: [string, string | undefined][]): string {
  const given = query.flatMap(([name, value]) => (value === undefined ? [] : [`${encode(name)}=${encode(value)}`]));
  return given.length === 0 ? '' : `?${given.join('&')}`;
}
