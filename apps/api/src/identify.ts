// Finds out who asks by the bearer token. What is wrong with a token is told to nobody but the log: a caller learns only
// that it does not sign in.
import { checkToken, noteTokenUse, type AccessToken, type Store } from '@platte/state-store';
import type { Log } from '@platte/service';
import { unauthenticated, type Identify } from './http/access-guard.js';
import type { Caller } from './http/caller.js';

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

export function makeIdentify({ store, now, log }: { store: Store; now: () => number; log: Log }): Identify {
  return async (request) => {
    const header = request.headers.authorization;
    if (header === undefined) return undefined;
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

function toCaller({ id, name, role, applications, expiresAt }: AccessToken): Caller {
  return { id: `token:${id}`, name, kind: 'token', role, applications, expiresAt };
}
