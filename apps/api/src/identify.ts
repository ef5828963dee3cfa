// Finds out who asks by the bearer token. What is wrong with a token is told to nobody but the log: a caller learns only
// that it does not sign in.
import { checkToken, noteTokenUse, type AccessToken, type Store } from '@platte/state-store';
import type { Log } from '@platte/service';
import type { FastifyRequest } from 'fastify';
import { unauthenticated, type Identify } from './http/access-guard.js';
import { tokenCallerId, type Caller } from './http/caller.js';
import { withoutCsrfToken } from './http/problems.js';
import { csrfTokenOf } from './sign-in/seal.js';
import type { Sessions } from './sign-in/sessions.js';
import { sessionCookie } from './sign-in/sign-in-routes.js';

const bearer = /^Bearer +plt_([a-z0-9]{12})_([A-Za-z0-9_-]{16,128}) *$/i;

export interface TokenParts {
  id: string;
  secret: string;
}

/** Undefined where the text is no token of ours. */
export function parseToken(text: string): TokenParts | undefined {
  return parseBearer(`Bearer ${text}`);
}

function parseBearer(header: string): TokenParts | undefined {
  const [, id, secret] = bearer.exec(header) ?? [];
  return id !== undefined && secret !== undefined ? { id, secret } : undefined;
}

interface Needs {
  store: Store;
  now: () => number;
  log: Log;
  /** Absent where people cannot sign in. */
  sessions?: Pick<Sessions, 'find'> | undefined;
}

export function makeIdentify({ store, now, log, sessions }: Needs): Identify {
  return async (request) => {
    const header = request.headers.authorization;
    if (header === undefined) return sessions && identifyPerson(sessions, request);
    const parts = parseBearer(header);
    if (!parts) throw unauthenticated('The Authorization header holds no token of Platte: `Bearer plt_…`.');
    const check = await checkToken(store.pool, parts.id, parts.secret, now());
    if (check.status !== 'valid') {
      log.warn({ tokenId: parts.id, why: check.status, ip: request.ip }, 'a token does not sign in');
      throw unauthenticated('The token is unknown, revoked or expired.');
    }
    await noteTokenUse(store.pool, parts.id, now());
    return toCaller(check.token);
  };
}

/** By the cookie. What changes something must also bring the token that only our own pages can have read. */
async function identifyPerson(sessions: Pick<Sessions, 'find'>, request: FastifyRequest): Promise<Caller | undefined> {
  const cookie = request.cookies[sessionCookie];
  if (cookie === undefined) return undefined;
  const caller = await sessions.find(cookie);
  if (!caller) throw unauthenticated('Your session has ended: sign in again.');
  const csrfToken = csrfTokenOf(cookie);
  if (request.method !== 'GET' && request.method !== 'HEAD' && request.headers['x-csrf-token'] !== csrfToken)
    throw withoutCsrfToken();
  return { ...caller, csrfToken };
}

function toCaller({ id, name, role, applications, expiresAt }: AccessToken): Caller {
  return { id: tokenCallerId(id), name, kind: 'token', role, applications, expiresAt };
}
