// Signing in and out for browsers: /auth/login, /auth/callback, /auth/logout. Not of the API's table: these are places that
// a browser goes to, and they answer with redirects and pages. What the browser holds is one cookie that no script can read.
//
// `__Host-` binds a cookie to this host and to TLS. SameSite=Lax keeps it from other sites' forms, and the CSRF token (see
// `identify`) from what Lax lets through.
import { randomBytes } from 'node:crypto';
import { beginSignIn, takeSignIn, type Store } from '@platte/state-store';
import type { Log } from '@platte/service';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Throttle } from '../http/access-guard.js';
import { callbackPath, type OidcConfig } from './oidc-config.js';
import { sendPage } from './page.js';
import { makeProvider, type Provider } from './provider.js';
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

/** @param throttle anybody may begin to sign in, and each beginning is a row: no address may do it without end */
export function registerSignIn(fastify: FastifyInstance, parts: SignInParts, throttle: Throttle): void {
  fastify.get<{ Querystring: { return?: string } }>('/auth/login', async (request, reply) => {
    throttle(request.ip, reply);
    await begin(parts, toReturnPath(request.query.return), reply);
  });
  fastify.get(callbackPath, async (request, reply) => {
    throttle(request.ip, reply);
    await finish(parts, request, reply);
  });
  fastify.post('/auth/logout', async (request, reply) => {
    await end(parts, request, reply);
  });
}

async function begin({ store, provider, now, log }: SignInParts, returnTo: string, reply: FastifyReply): Promise<void> {
  try {
    const { url, ...begun } = await provider.begin();
    const id = randomBytes(32).toString('base64url');
    await beginSignIn(store.pool, id, { ...begun, returnTo, expiresAt: now() + signInMs });
    void reply.setCookie(signInCookie, id, { ...cookieOptions, maxAge: signInMs / 1000 });
    await reply.redirect(url, 302);
  } catch (error) {
    log.error({ why: toWords(error) }, 'the identity provider cannot be reached');
    await sendPage(
      reply,
      503,
      'Signing in is not possible now',
      'The identity provider does not answer. Try again in a minute; API tokens go on working.',
    );
  }
}

async function finish(parts: SignInParts, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { store, provider, sessions, config, now, log } = parts;
  const id = request.cookies[signInCookie];
  void reply.clearCookie(signInCookie, cookieOptions);
  const begun = id === undefined ? undefined : await takeSignIn(store.pool, id, now());
  if (!begun)
    return sendPage(
      reply,
      400,
      'This sign-in is over',
      'It was used already, took longer than ten minutes, or began in another browser. Begin again.',
    );
  try {
    const signedIn = await provider.finish(new URL(request.url, config.publicUrl), begun);
    if (signedIn.known.status === 'no-role') return await sendNoRole(reply, signedIn.known, config);
    const session = await sessions.start(signedIn.known.person, signedIn.tokens);
    // Whose ever it was: what this browser held before must not go on signing in beside what it holds now.
    const held = request.cookies[sessionCookie];
    if (held !== undefined) await sessions.end(held);
    void reply.setCookie(sessionCookie, session.cookie, { ...cookieOptions, expires: new Date(session.expiresAt) });
    await reply.redirect(begun.returnTo, 303);
  } catch (error) {
    log.warn({ why: toWords(error), requestId: request.id }, 'a sign-in was refused');
    await sendPage(
      reply,
      401,
      'Signing in failed',
      `The identity provider’s answer was not as it must be. Begin again; if it stays, tell whoever runs Platte the request id ${request.id}.`,
    );
  }
}

async function end(
  { sessions, provider, log }: SignInParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const cookie = request.cookies[sessionCookie];
  if (cookie === undefined) return void (await reply.send({ redirect: '/' }));
  if (request.headers['x-csrf-token'] !== csrfTokenOf(cookie))
    return void (await reply
      .status(403)
      .type('text/plain')
      .send('Send the csrfToken of GET /api/v1/me as X-CSRF-Token.\n'));
  const tokens = await sessions.end(cookie);
  const url = await provider.logoutUrl(tokens).catch((error: unknown) => {
    log.warn({ why: toWords(error) }, 'signed out here only: the identity provider does not answer');
    return undefined;
  });
  await reply.clearCookie(sessionCookie, cookieOptions).send({ redirect: url ?? '/' });
}

/** Words only: what an error of the protocol carries beside them can hold tokens. */
export function toWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

/** Only a path of ours: a page elsewhere must not be able to use our sign-in as its doorway. */
export function toReturnPath(text: unknown): string {
  return typeof text === 'string' && /^\/(?![/\\])[\x21-\x7e]{0,1000}$/.test(text) && !text.includes('\\') ? text : '/';
}

function sendNoRole(reply: FastifyReply, known: NobodyHere, { rules }: OidcConfig): Promise<void> {
  const has = known.values.length > 0 ? `has ${known.values.join(', ')}` : 'is empty';
  return sendPage(
    reply,
    403,
    'You have no role here',
    `You are ${known.name}. Your claim ${rules.claim} ${has}, and nothing of it gives a role in Platte. Ask whoever runs it.`,
  );
}
