// `platte login` and `platte logout`: a context with a token that signs in, and without one.
import { ApiError, makeClient } from '@platte/api-contract';
import { exitCodes } from '../../exit-codes.js';
import { flag, option, type Call } from '../call.js';
import { CliError } from '../cli-error.js';
import { contextsPath, readContexts, writeContexts, type Context, type Contexts } from '../contexts.js';
import { askSecret } from '../sign-in/ask-secret.js';
import { revokeOwnToken, signInByBrowser } from '../sign-in/by-browser.js';
import { refuseCredentials } from '../target.js';

const path = (): string => contextsPath(process.env);

export async function login(call: Call): Promise<void> {
  const file = readContexts(path());
  const { name, server } = chooseContext(call, file);
  const isByToken = flag(call, 'token');
  const token = isByToken ? await readToken(call) : (await byBrowser(call, server)).token;
  const me = await makeClient({ url: server, token }).getMe();
  const before = file.contexts.find((one) => one.name === name);
  const context: Context = {
    name,
    server,
    token,
    ...(!isByToken && { signedIn: 'by-browser' }),
    ...(before?.sql && { sql: before.sql }),
  };
  writeContexts(path(), { current: name, contexts: [...file.contexts.filter((one) => one.name !== name), context] });
  call.io.say(
    `Signed in to ${server} as ${me.name}, role ${me.role}, ${me.expires ? `until ${me.expires}` : 'for good'}.`,
  );
  call.io.say(`The current context is ${name}; \`platte logout\` ends it.`);
  for (const name of ['PLATTE_TOKEN', 'PLATTE_TOKEN_FILE'])
    if (process.env[name]) call.io.say(`${name} is set and goes before it: unset ${name}.`);
}

async function byBrowser(call: Call, server: string) {
  // A server that people reach over the network signs nobody in without TLS; neither do we ask it to.
  const { protocol, hostname } = new URL(server);
  if (protocol === 'http:' && !/^(127\.|localhost$|\[::1\])/.test(hostname))
    throw new CliError(`${server} is not encrypted: who listens would have your token. Name it with https://.`);
  return signInByBrowser(call.io, server, { isOpened: call.options['browser'] !== false });
}

async function readToken(call: Call): Promise<string> {
  const token = await askSecret(call.io, 'API token');
  if (!/^plt_[a-z0-9]{12}_[\w-]{16,128}$/i.test(token))
    throw new CliError('That is no token of Platte: they are plt_, twelve letters or digits, and a secret.');
  return token;
}

/** The context that is signed in: the one that is named, the one of that server, else a new one with the server's name. */
function chooseContext(call: Call, { current, contexts }: Contexts): { name: string; server: string } {
  const name = option(call, 'context');
  const given = option(call, 'server') ?? (name === undefined ? process.env['PLATTE_SERVER'] || undefined : undefined);
  const known = contexts.find((one) =>
    given === undefined ? one.name === (name ?? current) : one.server === trim(given),
  );
  const server = given === undefined ? known?.server : trim(given);
  if (server === undefined) throw new CliError(describeNoServer(name));
  refuseCredentials(server, '--server or PLATTE_SERVER');
  if (!/^https?:\/\/./.test(server) || !URL.canParse(server))
    throw new CliError(`${server} is no URL of a server: it begins with https:// or http://.`);
  return { name: name ?? known?.name ?? new URL(server).host, server };
}

const trim = (url: string): string => url.replace(/\/+$/, '');

function describeNoServer(name: string | undefined): string {
  if (name !== undefined) return `There is no context ${name} yet: name its server too, --server https://…`;
  return 'Which server? `platte login --server https://…`. (A platform that runs in this folder needs no sign-in.)';
}

export async function logout(call: Call): Promise<number> {
  const file = readContexts(path());
  const name = option(call, 'context') ?? file.current;
  const context = file.contexts.find((one) => one.name === name);
  if (context?.token === undefined) {
    call.io.say(name === undefined ? 'There is no context: nobody is signed in.' : `Nobody is signed in to ${name}.`);
    return name === undefined || context ? exitCodes.ok : exitCodes.notFound;
  }
  const { token, signedIn, ...rest } = context;
  const isOver = signedIn === 'by-browser' ? await endToken(call, context.server, token) : true;
  writeContexts(path(), { ...file, contexts: file.contexts.map((one) => (one === context ? rest : one)) });
  call.io.say(`Signed out of ${context.server}: the token of context ${context.name} is forgotten here.`);
  if (signedIn !== 'by-browser')
    call.io.say('It goes on signing in wherever else it is kept; `platte tokens revoke` ends it everywhere.');
  return isOver ? exitCodes.ok : exitCodes.failed;
}

/** @returns whether it signs nobody in any more */
async function endToken({ io }: Call, server: string, token: string): Promise<boolean> {
  try {
    await revokeOwnToken(server, token);
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.problem.status === 401) return true;
    io.say(
      `platte: ${error instanceof Error ? error.message : String(error)}. The token ends by itself within twelve hours.`,
    );
    return false;
  }
}
