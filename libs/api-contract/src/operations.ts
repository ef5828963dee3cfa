// The table of operations: all that the API can do, once.
import type { z } from 'zod';
import { type Operation } from './operation.js';
import { catalogOperations } from './operations/catalog-operations.js';
import { groupOperations } from './operations/group-operations.js';
import { instanceOperations } from './operations/instance-operations.js';
import { progressOperations } from './operations/progress-operations.js';
import { systemOperations } from './operations/system-operations.js';
import { timelineOperations } from './operations/timeline-operations.js';

export const apiPrefix = '/api/v1';

export const operations = {
  ...catalogOperations,
  ...groupOperations,
  ...instanceOperations,
  ...timelineOperations,
  ...progressOperations,
  ...systemOperations,
} satisfies Record<string, Operation>;

export type Operations = typeof operations;
export type OperationId = keyof Operations;

export const operationIds = Object.keys(operations) as OperationId[];

export function getOperation(id: OperationId): Operation {
  return operations[id];
}

type SchemaOf<Id extends OperationId, Key extends string> =
  Operations[Id] extends Record<Key, infer S extends z.ZodType> ? S : never;
type Part<Id extends OperationId, Key extends string> = Operations[Id] extends Record<Key, z.ZodType> ? Key : never;
type Keys<Id extends OperationId> = Part<Id, 'params'> | Part<Id, 'query'> | Part<Id, 'body'>;

/** What the api's handler gets: parsed, with defaults; undefined where there is nothing to give. */
export type InputOf<Id extends OperationId> = [Keys<Id>] extends [never]
  ? undefined
  : { [K in Keys<Id>]: z.output<SchemaOf<Id, K>> } & IfMatchOf<Id> & ResumeOf<Id>;

/** The revision that an edit must meet. */
type IfMatchOf<Id extends OperationId> = Operations[Id] extends { edits: true } ? { ifMatch: number } : unknown;

type ResumeOf<Id extends OperationId> = Operations[Id] extends { resumable: true }
  ? { lastEventId: string | undefined }
  : unknown;

/** What a caller gives: before parsing. */
export type ParamsOf<Id extends OperationId> = z.input<SchemaOf<Id, 'params'>>;
export type QueryOf<Id extends OperationId> = z.input<SchemaOf<Id, 'query'>>;
export type BodyOf<Id extends OperationId> = z.input<SchemaOf<Id, 'body'>>;

/** What is answered; `undefined` where there is no body. */
export type OutputOf<Id extends OperationId> = [SchemaOf<Id, 'response'>] extends [never]
  ? void
  : z.output<SchemaOf<Id, 'response'>>;
