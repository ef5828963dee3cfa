import { describe, expect, it } from 'vitest';
import { makeOpenApi } from './openapi.js';
import { operationIds, operations } from './operations.js';
import type { Operation } from './operation.js';

type Document = {
  openapi: string;
  paths: Record<
    string,
    Record<
      string,
      {
        operationId: string;
        requestBody?: object;
        parameters: { name: string; in: string; required: boolean }[];
      }
    >
  >;
  components: {
    schemas: Record<string, unknown>;
    responses: Record<string, unknown>;
    headers: Record<string, unknown>;
  };
};
/** Where a schema of a request leaves a number to go up to what JavaScript can count, or beyond. */
function findUnbounded(node: unknown, at: string): string[] {
  if (typeof node !== 'object' || node === null) return [];
  const schema = node as { $ref?: string; type?: string; maximum?: number };
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1) ?? '';
    return findUnbounded(document.components.schemas[name], `${at} ${name}`);
  }
  const isNumber = schema.type === 'integer' || schema.type === 'number';
  if (isNumber && !((schema.maximum ?? Infinity) < Number.MAX_SAFE_INTEGER)) return [at];
  return Object.entries(node).flatMap(([key, inner]) => findUnbounded(inner, `${at} ${key}`));
}

const document = makeOpenApi('1.0.0') as Document;
const written = JSON.stringify(document);

describe('the OpenAPI document', () => {
  it('has every operation once, under its path and method', () => {
    const ids = Object.values(document.paths).flatMap((path) => Object.values(path).map((one) => one.operationId));
    expect(ids.toSorted()).toEqual(operationIds.toSorted());
  });

  it('has a path parameter for each brace of a path', () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      const braces = [...path.matchAll(/\{(\w+)\}/g)].flatMap((match) => match[1] ?? []).toSorted();
      for (const { parameters } of Object.values(methods)) {
        const named = parameters.filter((parameter) => parameter.in === 'path');
        expect(named.map(({ name }) => name).toSorted()).toEqual(braces);
        expect(named.every(({ required }) => required)).toBe(true);
      }
    }
  });

  it('bounds every number that a request may hold', () => {
    const unbounded = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.values(methods).flatMap((one) =>
        findUnbounded([one.requestBody, one.parameters], `${one.operationId} ${path}`),
      ),
    );
    expect(unbounded).toEqual([]);
  });

  it('refers to nothing that it does not contain', () => {
    const missing = [...written.matchAll(/"#\/components\/(\w+)\/([\w-]+)"/g)].filter(
      ([, room, name]) => !((name ?? '') in (document.components[room as 'schemas'] ?? {})),
    );
    expect(missing.map(([ref]) => ref)).toEqual([]);
    expect(written).not.toContain('$defs');
  });

  it('names the shapes that people talk about', () => {
    const names = Object.keys(document.components.schemas);
    expect(names).toEqual(
      expect.arrayContaining(['Application', 'Channel', 'Group', 'Instance', 'Package', 'Policy', 'Problem']),
    );
    // Only what has a name of ours may be a component: a `__schema0` would change its name with the order of the table.
    expect(names.filter((name) => name.startsWith('_'))).toEqual([]);
  });

  it('has no two operations with the same method and path', () => {
    const routes = Object.values<Operation>(operations).map(({ method, path }) => `${method} ${path}`);
    expect(new Set(routes).size).toBe(routes.length);
  });
});
