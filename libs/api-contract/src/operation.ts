// One operation of the API. The table of them (operations.ts) is what the api's routes are checked against, what OpenAPI
// is generated from, what the role walk tests, and what the client of console and command line is typed by.
import { z } from 'zod';
import type { ProblemName } from './problem.js';

export const roles = ['viewer', 'operator', 'admin'] as const;
export const Role = z
  .enum(roles)
  .describe('viewer reads; operator pauses, resumes, holds, retries; admin does everything');
export type Role = z.infer<typeof Role>;

/** `public` needs no sign-in. A higher role may do all that a lower one may. */
export type RequiredRole = Role | 'public';

export function isAllowed(role: Role, required: RequiredRole): boolean {
  return required === 'public' || roles.indexOf(role) >= roles.indexOf(required);
}

/**
 * How an operation treats people whose role is limited to some applications.
 * `application`: it is about one application (or a part of it), and others do not exist for them (404).
 * `filtered`: it lists only what belongs to theirs. `platform`: it spans all of them, so they are refused (403).
 * `self`: it is about nothing but the caller.
 */
export type Scope = 'application' | 'filtered' | 'platform' | 'self';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface Operation {
  method: Method;
  /** Below `/api/v1`, parameters in braces. */
  path: string;
  tag: string;
  summary: string;
  description?: string;
  role: RequiredRole;
  scope: Scope;
  params?: z.ZodObject;
  query?: z.ZodObject;
  body?: z.ZodType;
  /** The status of success; 204 has no body. */
  status: 200 | 201 | 204;
  response?: z.ZodType;
  /** Policy decides on it. */
  isCommand?: boolean;
  /** It edits what people edit: `If-Match` is required, and answers carry an `ETag`. */
  edits?: boolean;
  /** Answers with its revision as `ETag`. */
  etag?: boolean;
  /** `text/event-stream` or another type in the place of JSON. */
  produces?: string;
  /** Goes on from `Last-Event-ID`. */
  resumable?: boolean;
  /** Problems beyond those that follow from the rest (see `problemsOf`). */
  problems?: readonly ProblemName[];
}

/** It changes something: `?dryRun=true` then tells what, and changes nothing. */
export function isChange({ method }: Pick<Operation, 'method'>): boolean {
  return method !== 'GET';
}

/** Keeps the literal types of one operation and checks its shape. */
export function operation<const O extends Operation>(operation: O): O {
  return operation;
}

/**
 * All problems that an operation may answer with. Each of them can be provoked, and a test does so: what is listed and cannot
 * happen sends people to write code for nothing.
 */
export function problemsOf(operation: Operation): ProblemName[] {
  const { role, scope, params, method, isCommand, resumable, edits, problems = [] } = operation;
  const names = new Set<ProblemName>(['internal', 'too-many-requests', ...problems]);
  if (role !== 'public')
    for (const name of ['malformed-request', 'unauthenticated', 'invalid-request', 'store-unavailable'] as const)
      names.add(name);
  if (role === 'operator' || role === 'admin' || scope === 'platform') names.add('forbidden');
  if (params) names.add('not-found');
  if (isCommand) names.add('refused').add('policy-unavailable').add('locked');
  // Also where it takes no body: what is sent is read before it is known that nothing is wanted.
  if (method !== 'GET') names.add('malformed-body').add('body-too-large').add('unsupported-media-type');
  if (method === 'POST') names.add('idempotency-key-in-use').add('idempotency-key-reused');
  if (resumable) names.add('events-gone');
  if (edits) names.add('precondition-required').add('revision-mismatch');
  return [...names];
}
