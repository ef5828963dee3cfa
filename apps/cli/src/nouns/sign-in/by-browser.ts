// `platte login` by the browser: the server's page asks the person, their yes comes to a port of this machine as a code, and
// the code becomes a token for whoever knows what the challenge was made of (PKCE, S256).
import { createHash, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { createInterface } from 'node:readline';
import { ApiError, commandLinePath, CommandLineToken, Problem, toCheckCode } from '@platte/api-contract';
import { exitCodes } from '../../exit-codes.js';
import { CliError } from '../cli-error.js';
import type { Io } from '../io.js';
import { listenForCode, readCode } from './loopback.js';
import { openBrowser } from './open-browser.js';

/** As long as somebody may look for their second factor. */
const patienceMs = 10 * 60_000;
const timeoutMs = 30_000;

export async function signInByBrowser(
  io: Io,
  server: string,
  { isOpened }: { isOpened: boolean },
): Promise<CommandLineToken> {
  await assertSignIn(server);
  const [state, verifier] = [randomBytes(16).toString('base64url'), randomBytes(32).toString('base64url')];
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const loopback = await listenForCode(state);
  try {
    const asked = { port: String(loopback.port), state, challenge, host: toHost(hostname()) };
    const url = `${server}${commandLinePath}?${new URLSearchParams(asked).toString()}`;
    io.say(`Sign in in the browser, and say yes where it shows the code ${io.colours.bold(toCheckCode(challenge))}:`);
    io.say(`  ${url}`);
    if (isOpened) openBrowser(url);
    const code = await waitForCode(io, loopback.code, state);
    return await exchange(server, { code, verifier });
  } finally {
    loopback.close();
  }
}

/** What the server takes for a name of a machine. */
function toHost(name: string): string {
  return name.replaceAll(/[^\w.-]/g, '-').slice(0, 64) || 'unknown';
}

/** A server without sign-in says that there is no such place. */
async function assertSignIn(server: string): Promise<void> {
  const response = await ask(`${server}${commandLinePath}`, { redirect: 'manual' });
  if (response.status === 404)
    throw new CliError(
      `${server} has no sign-in for people. Sign in with an API token: \`platte login --token --server ${server}\`.`,
      exitCodes.auth,
    );
}

/** By the browser of this machine, or pasted by a person whose browser is on another one. */
async function waitForCode(io: Io, fromBrowser: Promise<string>, state: string): Promise<string> {
  const lines = io.canAsk ? createInterface({ input: process.stdin }) : undefined;
  if (lines) io.say('Is the browser on another machine? It ends at an address that it cannot open: paste that here.');
  const pasted = Promise.withResolvers<string>();
  lines?.on('line', (line) => {
    const code = readCode(line.trim(), state);
    if (code !== undefined) pasted.resolve(code);
    else if (line.trim() !== '')
      io.say('That is not the address: it begins with http://127.0.0.1 and has a code in it.');
  });
  const late = Promise.withResolvers<string>();
  const timer = setTimeout(
    () => late.reject(new CliError('Nobody said yes in ten minutes. Begin again.', exitCodes.auth)),
    patienceMs,
  );
  try {
    return await Promise.race([fromBrowser, pasted.promise, late.promise]);
  } finally {
    clearTimeout(timer);
    lines?.close();
  }
}

async function exchange(server: string, given: { code: string; verifier: string }): Promise<CommandLineToken> {
  const response = await ask(`${server}${commandLinePath}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(given),
  });
  const answer: unknown = await response.json();
  if (!response.ok) throw new ApiError(Problem.parse(answer));
  return CommandLineToken.parse(answer);
}

/** Ends the token at the server. */
export async function revokeOwnToken(server: string, token: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await ask(`${server}${commandLinePath}/revoke`, { method: 'POST', headers });
  if (!response.ok) throw new ApiError(Problem.parse(await response.json()));
}

async function ask(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) });
  } catch (cause) {
    const words = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
    throw new CliError(`no answer from ${new URL(url).origin}: ${words}`, exitCodes.failed);
  }
}
