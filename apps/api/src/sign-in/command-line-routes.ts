// Signing in for the command line, as RFC 8252 has it for programs on a person's machine: the browser, in which the person
// has a session, asks them; their yes goes as a code to a port of their own machine; the command line changes the code into
// a token, once, by showing what its challenge was made of (PKCE, RFC 7636). The token is never in a URL or in the browser.
//
//   GET  /auth/command-line?port&state&challenge&host   asks; signs in first where there is no session
//   POST /auth/command-line                             the person's yes: http://127.0.0.1:port/callback?code&state
//   POST /auth/command-line/token {code, verifier}      the token
//   POST /auth/command-line/revoke                      a token gives itself up
//
// Somebody else's link must not make a token: saying yes is a form with the session's own CSRF token, and the page shows a
// check code that the person's own terminal shows too.
import { createHash, randomBytes } from 'node:crypto';
import {
  CommandLineAsked,
  CommandLineExchange,
  commandLinePath as path,
  toCheckCode,
  toInstant,
  type CommandLineToken,
} from '@platte/api-contract';
import { addCommandLineCode, addToken, findToken, revokeByToken, takeCommandLineCode } from '@platte/state-store';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { html, type Html } from '../docs/html.js';
import type { Identify, Throttle } from '../http/access-guard.js';
import { actorOf, tokenCallerId, type Caller } from '../http/caller.js';
import { ApiProblem, lastAdminToken } from '../http/problems.js';
import { drawToken } from '../new-token.js';
import { pageType, renderPage } from '../http/page.js';
import { csrfTokenOf } from './seal.js';
import { sessionMs } from './sessions.js';
import { sessionCookie, type SignInParts } from './sign-in-routes.js';

/** From the click to the request of a program that waits for it. */
const codeMs = 60_000;
/** Characters of an access token's name. */
const tokenNameMax = 100;

interface Needs {
  signIn: SignInParts;
  identify: Identify;
  throttle: Throttle;
}

export async function registerCommandLineSignIn(fastify: FastifyInstance, needs: Needs): Promise<void> {
  // A form is understood here and nowhere else of the API.
  await fastify.register(async (scope) => {
    const readForm = async (_: FastifyRequest, body: string | Buffer): Promise<unknown> =>
      Object.fromEntries(new URLSearchParams(String(body)));
    scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, readForm);
    scope.addHook('onRequest', async (request, reply) => needs.throttle(request.ip, reply));
    scope.get(path, (request, reply) => ask(needs.signIn, request, reply));
    scope.post(path, (request, reply) => agree(needs.signIn, request, reply));
    scope.post(`${path}/token`, (request) => exchange(needs, request));
    scope.post(`${path}/revoke`, (request) => revoke(needs, request));
  });
}

async function ask({ sessions }: SignInParts, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const asked = CommandLineAsked.safeParse(request.query);
  if (!asked.success) throw toNotAsked(asked.error);
  const cookie = request.cookies[sessionCookie];
  const person = cookie === undefined ? undefined : await sessions.find(cookie);
  if (cookie === undefined || !person)
    return void (await reply.redirect(`/auth/login?return=${encodeURIComponent(request.url)}`, 302));
  // Browsers hold the answer of a form to what its page allows.
  void reply.header('content-security-policy', toPolicy(asked.data.port));
  const question = renderQuestion(asked.data, person, csrfTokenOf(cookie));
  await reply.type(pageType).send(renderPage('Sign in the command line?', question));
}

const toPolicy = (port: number): string =>
  `default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' http://127.0.0.1:${port}`;

function renderQuestion(asked: CommandLineAsked, { name, role }: Caller, csrf: string): Html {
  const hidden = Object.entries({ ...asked, csrf }).map(
    ([key, value]) => html`<input type="hidden" name="${key}" value="${value}" />`,
  );
  const hours = sessionMs / 3_600_000;
  return html`<p>A command line on <b>${asked.host}</b> wants to act as <b>${name}</b> (${role}) for ${hours} hours.</p>
    <p>
      Say yes only if you have just typed <code>platte login</code>, and your terminal shows the code
      <b>${toCheckCode(asked.challenge)}</b>.
    </p>
    <form method="post" action="${path}">${hidden}<button>Sign it in</button></form>`;
}

async function agree(parts: SignInParts, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { sessions, store, now } = parts;
  const asked = CommandLineAsked.extend({ csrf: z.string() }).safeParse(request.body);
  if (!asked.success) throw toNotAsked(asked.error);
  const cookie = request.cookies[sessionCookie];
  const person = cookie === undefined ? undefined : await sessions.find(cookie);
  if (cookie === undefined || !person || asked.data.csrf !== csrfTokenOf(cookie))
    throw new ApiProblem('forbidden', {
      detail: 'The yes did not come from the page that your own session was shown.',
      remedy: 'Type `platte login` again, and say yes in the browser that opens.',
    });
  const { port, state, challenge, host } = asked.data;
  const code = randomBytes(32).toString('base64url');
  const { name, role, applications } = person;
  await addCommandLineCode(store.pool, code, { challenge, host, name, role, applications, expiresAt: now() + codeMs });
  await reply.redirect(`http://127.0.0.1:${port}/callback?${new URLSearchParams({ code, state }).toString()}`, 303);
}

function toNotAsked({ issues }: z.ZodError): ApiProblem {
  return new ApiProblem('invalid-request', {
    detail: 'No command line asks: this page is opened by `platte login`, and its address was not whole.',
    remedy: 'Copy all of the address that `platte login` shows.',
    errors: issues.map(({ path, message }) => ({ pointer: `?${path.join('.')}`, detail: message })),
  });
}

/** For the command line itself. */
type Answer = (needs: Needs, request: FastifyRequest) => Promise<object>;

const exchange: Answer = async ({ signIn: { store, now, log } }, { body }) => {
  const given = CommandLineExchange.safeParse(body);
  const kept = given.success && (await takeCommandLineCode(store.pool, given.data.code, now()));
  if (!kept || kept.challenge !== toChallenge(given.data.verifier))
    throw new ApiProblem('unauthenticated', {
      detail: 'The code is unknown, used, older than a minute, or not yours.',
    });
  const { id, secret, text } = drawToken();
  const { host, name: person, role, applications } = kept;
  // Only a person's session says yes: see `agree`.
  const createdBy = { kind: 'person', name: person } as const;
  const createdAt = now();
  const expiresAt = createdAt + sessionMs;
  const name = `${person}, platte on ${host}`.slice(0, tokenNameMax);
  await addToken(store.pool, { id, secret, name, role, applications, createdBy, createdAt, expiresAt });
  log.info({ name: person, role, host, tokenId: id }, 'a command line signed in');
  return { token: text, id, name, role, expires: toInstant(expiresAt) } satisfies CommandLineToken;
};

function toChallenge(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}

const revoke: Answer = async ({ signIn: { store, now }, identify }, request) => {
  const caller = await identify(request);
  if (caller?.kind !== 'token') throw new ApiProblem('unauthenticated', { detail: 'Send the token that is to end.' });
  const id = caller.id.slice(tokenCallerId('').length);
  // The person who signed in by their browser can do so again.
  const force = (await findToken(store.pool, id))?.createdBy.kind === 'person';
  const ended = { id, actor: actorOf(caller), now: now(), force, dryRun: false };
  if ((await revokeByToken(store.pool, ended)) === 'last-admin') throw lastAdminToken();
  return { revoked: id };
};
