// Signing in and out for browsers: /auth/login, /auth/callback, /auth/logout. Not of the API's table: these are places that
// a browser goes to, and they answer with redirects and pages. What the browser holds is one cookie that no script can read.
//
// `__Host-` binds a cookie to this host and to TLS. SameSite=Lax keeps it from other sites' forms, and the CSRF token (see
// `identify`) from what Lax lets through.
import { randomBytes } from 'node:crypto';
import { beginSignIn, takeSignIn, type SignIn, type Store } from '@platte/state-store';
import type { Log } from '@platte/service';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Throttle } from '../http/access-guard.js';
import { ApiProblem, withoutCsrfToken } from '../http/problems.js';
import { callbackPath, type OidcConfig } from './oidc-config.js';
import { makeProvider, type Provider, type SignedIn } from './provider.js';
import type { Known } from './roles.js';
import { csrfTokenOf } from './seal.js';
import { makeSessions, type Sessions } from './sessions.js';

export const sessionCookie = '__Host-platte';
const signInCookie = '__Host-platte-sign-in';
/** As long as somebody may look for their second factor. */
const signInMs = 10 * 60_000;

type NobodyHere = Extract<Known, { status: 'no-role' }>;

export interface SignInParts {
  config: OidcConfig;
  provider: Provider;
  sessions: Sessions;
  store: Store;
  now: () => number;
  log: Log;
}

export function makeSignIn({ config, store, now, log }: Omit<SignInParts, 'provider' | 'sessions'>): SignInParts {
  const provider = makeProvider(config);
  return { config, provider, sessions: makeSessions({ store, provider, now, log }), store, now, log };
}

const cookieOptions = { path: '/', secure: true, httpOnly: true, sameSite: 'lax' } as const;

type Step = (parts: SignInParts, request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/** @param throttle anybody may begin to sign in, and each beginning is a row: no address may do it without end */
export function registerSignIn(fastify: FastifyInstance, parts: SignInParts, throttle: Throttle): void {
  const answer = (step: Step) => async (request: FastifyRequest, reply: FastifyReply) => {
    throttle(request.ip, reply);
    await step(parts, request, reply);
  };
  fastify.get('/auth/login', answer(begin));
  fastify.get(callbackPath, answer(finish));
  fastify.post('/auth/logout', answer(end));
}

const begin: Step = async ({ store, provider, now }, request, reply) => {
  const query = request.query as { return?: unknown };
  const { url, ...begun } = await provider.begin().catch((cause: unknown) => {
    const detail = 'The identity provider does not answer.';
    throw new ApiProblem('sign-in-unavailable', { detail }, { cause: new Error(toWords(cause)) });
  });
  const id = randomBytes(32).toString('base64url');
  await beginSignIn(store.pool, id, { ...begun, returnTo: toReturnPath(query.return), expiresAt: now() + signInMs });
  void reply.setCookie(signInCookie, id, { ...cookieOptions, maxAge: signInMs / 1000 });
  await reply.redirect(url, 302);
};

const finish: Step = async (parts, request, reply) => {
  const { store, sessions, config, now } = parts;
  const id = request.cookies[signInCookie];
  void reply.clearCookie(signInCookie, cookieOptions);
  const begun = id === undefined ? undefined : await takeSignIn(store.pool, id, now());
  if (!begun)
    throw new ApiProblem('sign-in-over', {
      detail: 'It was used already, took longer than ten minutes, or began in another browser.',
    });
  const { known, tokens } = await hearProvider(parts, request, begun);
  if (known.status === 'no-role') throw withoutRole(known, config);
  const session = await sessions.start(known.person, tokens);
  // Whose ever it was: what this browser held before must not go on signing in beside what it holds now.
  const held = request.cookies[sessionCookie];
  if (held !== undefined) await sessions.end(held);
  void reply.setCookie(sessionCookie, session.cookie, { ...cookieOptions, expires: new Date(session.expiresAt) });
  await reply.redirect(begun.returnTo, 303);
};

async function hearProvider(
  { provider, config, log }: SignInParts,
  request: FastifyRequest,
  begun: SignIn,
): Promise<SignedIn> {
  try {
    return await provider.finish(new URL(request.url, config.publicUrl), begun);
  } catch (error) {
    log.warn({ why: toWords(error), requestId: request.id }, 'a sign-in was refused');
    throw new ApiProblem('sign-in-refused', { detail: 'The identity provider’s answer was not as it must be.' });
  }
}

const end: Step = async ({ sessions, provider, log }, request, reply) => {
  const cookie = request.cookies[sessionCookie];
  if (cookie === undefined) return void (await reply.send({ redirect: '/' }));
  if (request.headers['x-csrf-token'] !== csrfTokenOf(cookie)) throw withoutCsrfToken();
  const tokens = await sessions.end(cookie);
  const url = await provider.logoutUrl(tokens).catch((error: unknown) => {
    log.warn({ why: toWords(error) }, 'signed out here only: the identity provider does not answer');
    return undefined;
  });
  await reply.clearCookie(sessionCookie, cookieOptions).send({ redirect: url ?? '/' });
};

/** Words only: what an error of the protocol carries beside them can hold tokens. */
export function toWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

/** Only a path of ours: a page elsewhere must not be able to use our sign-in as its doorway. */
export function toReturnPath(text: unknown): string {
  return typeof text === 'string' && /^\/(?![/\\])[\x21-\x7e]{0,1000}$/.test(text) && !text.includes('\\') ? text : '/';
}

function withoutRole(known: NobodyHere, { rules }: OidcConfig): ApiProblem {
  const has = known.values.length > 0 ? `has ${known.values.join(', ')}` : 'is empty';
  return new ApiProblem('no-role', {
    detail: `You are ${known.name}. Your claim ${rules.claim} ${has}, and nothing of it gives a role in Platte.`,
  });
}
