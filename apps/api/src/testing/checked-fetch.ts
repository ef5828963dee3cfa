// A `fetch` that checks every answer against the table of operations: a status that is not documented, another shape, or a
// field that the contract does not know fails the test that saw it.
import {
  apiPrefix,
  isChange,
  operations,
  Plan,
  Problem,
  problemKinds,
  problemsOf,
  type Operation,
} from '@platte/api-contract';
import { z } from 'zod';

/** @param token used where a request brings none of its own */
export function checkedFetch(token: string): typeof globalThis.fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    if (!request.headers.has('authorization')) request.headers.set('authorization', `Bearer ${token}`);
    const response = await fetch(request);
    await assertDocumented(request, response.clone());
    return response;
  };
}

async function assertDocumented(request: Request, response: Response): Promise<void> {
  const path = new URL(request.url).pathname.slice(apiPrefix.length);
  const operation = Object.values<Operation>(operations).find(
    (one) => one.method === request.method && new RegExp(`^${one.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(path),
  );
  const where = `${request.method} ${path} answered ${response.status}`;
  if (!operation) return;
  if (isChange(operation) && new URL(request.url).searchParams.get('dryRun') === 'true' && response.status === 200) {
    toStrict(Plan).parse(await response.json());
    return;
  }
  if (response.status === operation.status) {
    if (operation.response && operation.produces === undefined)
      toStrict(operation.response).parse(await response.json());
    return;
  }
  const problem = Problem.parse(await response.json());
  const documented = problemsOf(operation).some(
    (name) => problem.type.endsWith(`:${name}`) && problemKinds[name].status === response.status,
  );
  if (!documented) throw new Error(`${where} with ${problem.type}, which is not documented: ${problem.detail}`);
}

/** A field that the contract does not know would be dropped silently by its schema; in tests it is an error. */
function toStrict(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodObject) {
    const shape = Object.entries(schema.shape as Record<string, z.ZodType>).map(([key, value]) => [
      key,
      toStrict(value),
    ]);
    return z.strictObject(Object.fromEntries(shape) as Record<string, z.ZodType>);
  }
  if (schema instanceof z.ZodArray) return z.array(toStrict(schema.element as z.ZodType));
  if (schema instanceof z.ZodNullable) return toStrict(schema.unwrap() as z.ZodType).nullable();
  if (schema instanceof z.ZodOptional) return toStrict(schema.unwrap() as z.ZodType).optional();
  return schema;
}
