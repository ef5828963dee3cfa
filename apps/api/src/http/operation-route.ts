// `@Operation('getGroup')` makes a controller's method the one that does what the table of operations says: its method
// and path, its status, its role, and what it takes. The method gets the parsed input and who asks; the types of both,
// and of what it answers, follow from the table, so that a route cannot drift from it.
import {
  createParamDecorator,
  HttpCode,
  RequestMapping,
  RequestMethod,
  SetMetadata,
  type ExecutionContext,
} from '@nestjs/common';
import {
  apiPrefix,
  getOperation,
  isChange,
  type InputOf,
  type Operation as OperationShape,
  type OperationId,
  type OutputOf,
  operations,
  type ProblemError,
} from '@platte/api-contract';
import { findHidden } from '@platte/rollout';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { callerOf, type Caller } from './caller.js';
import { findRepeated, type Query } from './query.js';
import { findUnstorable, unstorableWords } from './unstorable.js';
import { ApiProblem } from './problems.js';

export const operationKey = 'platte:operation';

/** What is no JSON is a stream or a text of the type that the table names. */
type AnswerOf<Id extends OperationId> = (typeof operations)[Id] extends { produces: string } ? unknown : OutputOf<Id>;
type Handler<Id extends OperationId> = (input: InputOf<Id>, caller: Caller) => Promise<AnswerOf<Id>>;

export function Operation<const Id extends OperationId>(id: Id) {
  const { method, path, status } = getOperation(id);
  return <H extends Handler<Id>>(target: object, name: string, descriptor: TypedPropertyDescriptor<H>): void => {
    SetMetadata(operationKey, id)(target, name, descriptor);
    HttpCode(status)(target, name, descriptor);
    RequestMapping({ method: RequestMethod[method], path: apiPrefix + path.replace(/\{(\w+)\}/g, ':$1') })(
      target,
      name,
      descriptor,
    );
    Input(id)(target, name, 0);
    Asking()(target, name, 1);
  };
}

const Input = createParamDecorator((id: OperationId, context: ExecutionContext) =>
  parseInput(getOperation(id), context.switchToHttp().getRequest<FastifyRequest>()),
);

const Asking = createParamDecorator((_: unknown, context: ExecutionContext) =>
  callerOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

/** @throws ApiProblem with every error of path, query and body at once */
export function parseInput(
  operation: OperationShape,
  request: Pick<FastifyRequest, 'params' | 'query' | 'body' | 'headers'>,
): unknown {
  const errors: ProblemError[] = [];
  const read = (schema: z.ZodType | undefined, value: unknown, toPointer: (path: PropertyKey[]) => string) => {
    if (!schema) return undefined;
    const unstorable = findUnstorable(value).map((path) => ({ pointer: toPointer(path), detail: unstorableWords }));
    errors.push(...unstorable);
    if (unstorable.length > 0) return undefined;
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    errors.push(...parsed.error.issues.flatMap((issue) => toErrors(issue, toPointer)));
    return undefined;
  };
  // Only the body is checked: a path or a filter may contain a name that a machine sent.
  const readBody = (): unknown => {
    const body = request.body === undefined ? {} : request.body;
    const parsed = read(operation.body ?? noBody, body, toJsonPointer);
    const told = new Set(errors.map(({ pointer }) => pointer));
    const found = findHidden(body).map(({ path, words }) => ({ pointer: toJsonPointer(path), detail: words }));
    errors.push(...found.filter(({ pointer }) => !told.has(pointer)).slice(0, errorsMax));
    return parsed;
  };
  const readQuery = (): unknown => {
    // What is public tells the same whatever is asked: monitors add what they like.
    if (operation.role === 'public') return {};
    const repeated = findRepeated(request.query as Query);
    errors.push(...repeated);
    if (repeated.length > 0) return undefined;
    return read(toQueryShape(operation), request.query, (path) => `?${path.map(String).join('.')}`);
  };
  const input = {
    ifMatch: operation.edits ? readIfMatch(request.headers['if-match'], errors) : undefined,
    lastEventId: operation.resumable ? readHeader(request.headers['last-event-id']) : undefined,
    params: read(operation.params, request.params, (path) => `{${path.map(String).join('.')}}`),
    query: readQuery(),
    body: readBody(),
  };
  if (errors.length > 0) {
    const first = errors[0]!;
    const more = errors.length === 1 ? '' : `, and ${errors.length - 1} more`;
    throw new ApiProblem('invalid-request', {
      detail: `${first.pointer || 'The body'}: ${first.detail}${more}`,
      errors,
    });
  }
  return input;
}

const noBody = z.strictObject({});
/** Not stringbool: there, `?dryRun=0` would be a way to say that it is real. */
const dryRun = { dryRun: z.enum(['true', 'false']).optional() };

function toQueryShape(operation: OperationShape): z.ZodType {
  const shape = operation.query ?? z.strictObject({});
  return isChange(operation) ? shape.extend(dryRun) : shape;
}

/** At most this many are told: one wrong list would otherwise answer with a megabyte. */
export const errorsMax = 50;

function toErrors(issue: z.core.$ZodIssue, toPointer: (path: PropertyKey[]) => string): ProblemError[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys
      .slice(0, errorsMax)
      .map((key) => ({ pointer: toPointer([...issue.path, key]), detail: 'is not known here' }));
  return [{ pointer: toPointer(issue.path), detail: issue.message }];
}

/** RFC 6901; the whole body is ''. */
export function toJsonPointer(path: PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** The revision that the caller saw. There is no `*`: whoever edits has read. @throws ApiProblem without the header */
function readIfMatch(header: string | undefined, errors: ProblemError[]): number {
  if (header === undefined)
    throw new ApiProblem('precondition-required', { detail: 'The request has no If-Match header.' });
  const [, digits] = /^"(\d{1,15})"$/.exec(header) ?? [];
  if (digits === undefined)
    errors.push({ pointer: 'If-Match', detail: 'is the ETag of what you read: a number in quotes, such as "7"' });
  return Number(digits);
}

function readHeader(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
