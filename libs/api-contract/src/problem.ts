// Every error of the API is a problem document (RFC 9457). Its `type` is stable: programs branch on it, never on words.
// A refused command carries policy's own reason in `reason`, the same word as in the fact, the metric and the console.
import { LockHolder } from '@platte/rollout';
import { z } from 'zod';

interface ProblemKind {
  status: number;
  title: string;
  /** What the caller can do about it, in one sentence. */
  remedy: string;
}

export const problemKinds = {
  'malformed-request': {
    status: 400,
    title: 'The request cannot be read',
    remedy: 'Send HTTP/1.1, and percent-encode what stands in the URL as UTF-8.',
  },
  'malformed-body': {
    status: 400,
    title: 'The body is not JSON',
    remedy: 'Send one JSON object, encoded in UTF-8.',
  },
  'sign-in-over': {
    status: 400,
    title: 'This sign-in is over',
    remedy: 'Begin again at /auth/login.',
  },
  unauthenticated: {
    status: 401,
    title: 'Who are you?',
    remedy: 'Send `Authorization: Bearer plt_…` with a token that is neither expired nor revoked, or sign in.',
  },
  'sign-in-refused': {
    status: 401,
    title: 'Signing in failed',
    remedy:
      'Begin again at /auth/login; if it stays, give the request id to whoever runs Platte: the log has the cause.',
  },
  forbidden: {
    status: 403,
    title: 'Your role does not allow this',
    remedy: 'Ask an administrator for a token or role that does; GET /api/v1/me shows what you have.',
  },
  'no-role': {
    status: 403,
    title: 'You have no role here',
    remedy: 'Ask whoever runs Platte, or your identity provider, for one.',
  },
  'not-found': {
    status: 404,
    title: 'There is no such thing',
    remedy: 'Check the id; a list of the same kind shows what exists and what you may see.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'This path does not know the method',
    remedy: 'See /api/v1/openapi.json for the methods of each path.',
  },
  'ambiguous-instance': {
    status: 409,
    title: 'Several applications know this machine',
    remedy: 'Repeat the request with ?application= and one of `applications`.',
  },
  refused: {
    status: 409,
    title: 'The command was refused',
    remedy: 'See `reason` and `detail`: the state it names must change first.',
  },
  'idempotency-key-in-use': {
    status: 409,
    title: 'A request with this Idempotency-Key is still running',
    remedy: 'Wait for the first one, then repeat the request to get its answer.',
  },
  'events-gone': {
    status: 410,
    title: 'The log does not keep what followed that event',
    remedy: 'Read the lists anew, then connect without Last-Event-ID.',
  },
  'revision-mismatch': {
    status: 412,
    title: 'Somebody else changed it',
    remedy: 'Look at `current`, apply your change to it, and send its revision as If-Match.',
  },
  'request-timeout': {
    status: 408,
    title: 'The request did not arrive in time',
    remedy: 'Send it again at once; a body of 256 KiB is the largest there is.',
  },
  'headers-too-large': {
    status: 431,
    title: 'The URL and the headers are too large',
    remedy: 'Keep both together under 16 KiB: name fewer values in a filter.',
  },
  'body-too-large': {
    status: 413,
    title: 'The body is too large',
    remedy: 'Send at most 256 KiB.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The body has a type that is not understood',
    remedy: 'Send application/json, or application/merge-patch+json with PATCH, in UTF-8 and not compressed.',
  },
  'invalid-request': {
    status: 422,
    title: 'The request is not valid',
    remedy: 'Correct what `errors` points at; /api/v1/openapi.json has the exact shapes.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'This Idempotency-Key was used for another request',
    remedy: 'Use a new key for a new request; a key names one request for 24 hours.',
  },
  'precondition-required': {
    status: 428,
    title: 'An edit needs If-Match',
    remedy: 'Read the thing first and send its ETag as If-Match, so that nobody overwrites what they have not seen.',
  },
  'too-many-requests': {
    status: 429,
    title: 'Too many requests',
    remedy: 'Wait the seconds that Retry-After names; the RateLimit header shows what is left.',
  },
  internal: {
    status: 500,
    title: 'Platte failed',
    remedy: 'Try again; if it stays, give the request id to whoever runs Platte: the log has the cause under it.',
  },
  'policy-unavailable': {
    status: 503,
    title: 'The program that decides does not answer',
    remedy: 'Nothing was changed that you were told of: read the thing again, then repeat the request.',
  },
  locked: {
    status: 503,
    title: 'Another connection of PostgreSQL holds a lock',
    remedy:
      'See `blockedBy`: ask whoever runs that connection to end its transaction, or end it with pg_terminate_backend(pid). Then repeat the request.',
  },
  'stream-unavailable': {
    status: 503,
    title: 'The log cannot be followed now',
    remedy: 'Connect again in some seconds; lists go on meanwhile.',
  },
  'sign-in-unavailable': {
    status: 503,
    title: 'Signing in is not possible now',
    remedy: 'Try again in a minute; API tokens go on working.',
  },
  'store-unavailable': {
    status: 503,
    title: 'A store does not answer',
    remedy: 'Try again in some seconds; /api/v1/health says which one.',
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemName = keyof typeof problemKinds;
export const problemNames = Object.keys(problemKinds) as ProblemName[];

const typePrefix = 'urn:platte:problem:';

export function toProblemType(name: ProblemName): string {
  return typePrefix + name;
}

/** Whatever a thing is made of, where its kind is not known beforehand. */
export const Entity = z.record(z.string(), z.unknown());

/** Where the request is wrong: a JSON pointer into the body, or `?name` for a query parameter, `{name}` for a path's. */
export const ProblemError = z.object({ pointer: z.string(), detail: z.string() }).meta({ id: 'ProblemError' });
export type ProblemError = z.infer<typeof ProblemError>;

export const Problem = z
  .object({
    type: z.string().describe('Stable: branch on it. `urn:platte:problem:` and a name.'),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().describe('What happened this time, for people.'),
    instance: z.string().describe('The path that was asked.'),
    requestId: z.string().describe('The same as the header X-Request-Id, and in the log.'),
    remedy: z.string().describe('What you can do about it.'),
    errors: z.array(ProblemError).optional(),
    reason: z.string().optional().describe('Of a refused command: the named reason, a closed set.'),
    current: Entity.optional().describe('With 412: the thing as it is now.'),
    uses: z
      .array(z.object({ kind: z.string(), id: z.string(), name: z.string() }))
      .optional()
      .describe('With the reason in-use: what keeps it.'),
    blockedBy: z
      .array(LockHolder)
      .optional()
      .describe('With locked: the connections of PostgreSQL that hold the lock, as far as they are known.'),
    applications: z.array(z.string()).optional().describe('With ambiguous-instance: the applications that know it.'),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof Problem>;
