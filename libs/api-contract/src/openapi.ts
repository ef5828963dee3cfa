// OpenAPI 3.1 from the table of operations. Every shape with a name becomes a component; nothing here knows a route.
import { z } from 'zod';
import { isChange, problemsOf, type Operation } from './operation.js';
import { apiPrefix, operations } from './operations.js';
import { Plan } from './plan.js';
import { Problem, problemKinds, problemNames, toProblemType, type ProblemName } from './problem.js';

type Json = Record<string, unknown>;
type JsonSchema = z.core.JSONSchema.JSONSchema;

const tags: Record<string, string> = {
  applications: 'What machines ask updates for.',
  packages: 'What machines can be updated to.',
  channels: 'Which package is offered: with floors, on the way, and a blacklist.',
  groups: 'Machines of one track, and the policy by which they are updated.',
  rollouts: 'How a package reaches the machines of a group.',
  instances: 'Machines.',
  timelines: 'How many machines were where, over time.',
  progress: 'How far updates have come, and what went wrong on the way.',
  access: 'Who you are, and API tokens.',
  system: 'What happened, who did it, and how the platform is.',
};

/** Answered before it is known which operation is meant. */
const outside: ProblemName[] = ['method-not-allowed', 'request-timeout', 'headers-too-large'];

/** The document as plain JSON: the same for the same table, so that it can be committed and compared. */
export function makeOpenApi(version: string): Json {
  const components: Json = {};
  const methods = new Map<string, [method: string, operation: Json][]>();
  for (const [id, operation] of Object.entries<Operation>(operations)) {
    const ofPath = methods.get(operation.path) ?? [];
    ofPath.push([operation.method.toLowerCase(), toOperationObject(id, operation, components)]);
    methods.set(operation.path, ofPath);
  }
  const paths = Object.fromEntries([...methods].map(([path, ofPath]) => [path, Object.fromEntries(ofPath)]));
  toSchema(Problem, components);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Platte',
      version,
      description: [
        'Updates for fleets of machines that speak Omaha. Lists are `{ items, next }`; errors are RFC 9457.',
        'Beside what each operation names, a request that is none of them is answered',
        `${outside.map((name) => `${problemKinds[name].status} \`${toProblemType(name)}\``).join(', ')}.`,
      ].join(' '),
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: apiPrefix }],
    security: [{ token: [] }, { session: [] }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'An API token: `plt_…`.' },
        session: { type: 'apiKey', in: 'cookie', name: '__Host-platte', description: 'A person that signed in.' },
      },
      headers: headers(),
      responses: toProblemResponses(paths),
      schemas: Object.fromEntries(Object.entries(components).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    },
  };
}

function toOperationObject(id: string, operation: Operation, components: Json): Json {
  return {
    operationId: id,
    tags: [operation.tag],
    summary: operation.summary,
    ...(operation.description && { description: operation.description }),
    'x-role': operation.role,
    'x-scope': operation.scope,
    ...(operation.role === 'public' && { security: [] }),
    parameters: [
      ...toParameters('path', operation.params, components),
      ...toParameters('query', operation.query, components),
      ...(isChange(operation) ? [dryRun] : []),
      ...toHeaderParameters(operation),
    ],
    ...(operation.body && { requestBody: toRequestBody(operation, operation.body, components) }),
    responses: toResponses(operation, components),
  };
}

const dryRun = {
  name: 'dryRun',
  in: 'query',
  required: false,
  description: 'Checks and decides everything, changes nothing, and answers 200 with the plan of what would change.',
  schema: { type: 'boolean', default: false },
};

function toParameters(place: 'path' | 'query', shape: z.ZodObject | undefined, components: Json): Json[] {
  if (!shape) return [];
  const { properties = {}, required = [] } = toSchema(shape, components);
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...schema } = typeof property === 'object' ? property : {};
    return {
      name,
      in: place,
      required: place === 'path' || required.includes(name),
      ...(description !== undefined && { description }),
      schema,
    };
  });
}

function toHeaderParameters({ method, edits, resumable }: Operation): Json[] {
  const ifMatch = {
    name: 'If-Match',
    in: 'header',
    required: true,
    description: 'The ETag of what you read: `"7"`. Without it 428; with an old one 412, and what is there now.',
    schema: { type: 'string', pattern: '^"[0-9]+"$' },
  };
  const key = {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description:
      'A name of this request: repeated within 24 hours it gets the first answer, and nothing happens twice.',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  };
  const resume = {
    name: 'Last-Event-ID',
    in: 'header',
    required: false,
    description: 'The id of the last event that you have.',
    schema: { type: 'string' },
  };
  return [...(edits ? [ifMatch] : []), ...(method === 'POST' ? [key] : []), ...(resumable ? [resume] : [])];
}

function toRequestBody({ method }: Operation, body: z.ZodType, components: Json): Json {
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  return { required: true, content: { [type]: { schema: toSchema(body, components) } } };
}

function toResponses(operation: Operation, components: Json): Json {
  const responses: Json = { [operation.status]: toSuccess(operation, components) };
  if (isChange(operation) && operation.status !== 200) responses[200] = toPlanned(operation, components);
  const problems = problemsOf(operation);
  const statuses = [...new Set(problems.map((name) => problemKinds[name].status))].toSorted((a, b) => a - b);
  for (const status of statuses) {
    const names = problems.filter((name) => problemKinds[name].status === status);
    const [name] = names;
    responses[status] =
      names.length === 1 && name ? { $ref: `#/components/responses/${name}` } : toProblemResponse(names);
  }
  return responses;
}

/** With `?dryRun=true` where success is something else than 200. */
function toPlanned(operation: Operation, components: Json): Json {
  const { etag: _, ...planned } = operation;
  return {
    ...toSuccess({ ...planned, status: 200, response: Plan, method: 'GET' }, components),
    description: 'With `dryRun=true`: what would change. Nothing was changed.',
  };
}

function toSuccess(operation: Operation, components: Json): Json {
  const { response, etag, produces = 'application/json', status } = operation;
  const shapes = [response, isChange(operation) && status === 200 ? Plan : undefined].flatMap((one) =>
    one ? [toSchema(one, components)] : [],
  );
  return {
    description: response ? 'Done.' : 'Done; there is nothing to say.',
    headers: {
      'X-Request-Id': toHeaderRef('X-Request-Id'),
      RateLimit: toHeaderRef('RateLimit'),
      ...(etag && { ETag: toHeaderRef('ETag') }),
    },
    ...(shapes.length > 0 && {
      content: { [produces]: { schema: shapes.length === 1 ? shapes[0] : { anyOf: shapes } } },
    }),
  };
}

function toHeaderRef(name: string): Json {
  return { $ref: `#/components/headers/${name}` };
}

/** Those that operations refer to: where several share a status, they stand in the operation itself. */
function toProblemResponses(paths: Record<string, Json>): Json {
  const written = JSON.stringify(paths);
  const used = problemNames.filter((name) => written.includes(`"#/components/responses/${name}"`));
  return Object.fromEntries(used.map((name) => [name, toProblemResponse([name])]));
}

function toProblemResponse(names: ProblemName[]): Json {
  const lines = names.map(
    (name) => `\`${toProblemType(name)}\`: ${problemKinds[name].title}. ${problemKinds[name].remedy}`,
  );
  return {
    description: lines.join('\n\n'),
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
}

function headers(): Json {
  return {
    'X-Request-Id': {
      description: 'Names the request in the log; yours is kept if you send one.',
      schema: { type: 'string' },
    },
    RateLimit: { description: 'What is left: `"default";r=599;t=60`.', schema: { type: 'string' } },
    ETag: { description: 'The revision in quotes: send it as If-Match.', schema: { type: 'string' } },
  };
}

/** JSON Schema of what travels; named shapes go to `components` and are referred to. */
function toSchema(schema: z.ZodType, components: Json): JsonSchema {
  const { $defs = {}, ...own } = z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'input' });
  for (const [name, definition] of Object.entries($defs)) putComponent(components, name, definition);
  const name = own.id;
  if (name === undefined) return toComponent(own);
  putComponent(components, name, own);
  return { $ref: `#/components/schemas/${name}` };
}

function putComponent(components: Json, name: string, schema: JsonSchema): void {
  if (!Object.hasOwn(components, name)) components[name] = toComponent(schema);
}

/** A component's name is its key; what it refers to lies beside it. */
function toComponent(schema: JsonSchema): JsonSchema {
  const copy: JsonSchema = { ...schema };
  delete copy.$schema;
  delete copy.id;
  return withRefs(copy);
}

function withRefs<T>(node: T): T {
  if (Array.isArray(node)) return node.map(withRefs) as T;
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).map(([key, value]) => [
    key,
    key === '$ref' && typeof value === 'string' ? value.replace('#/$defs/', '#/components/schemas/') : withRefs(value),
  ]);
  return Object.fromEntries(entries) as T;
}
