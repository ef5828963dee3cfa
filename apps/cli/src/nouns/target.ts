// Which server a command talks to. Flags are above the environment, that is above the current context, and a platform that
// runs in this folder is taken when nothing else says where. A token goes only to the server that it was given for.
import { readFileSync } from 'node:fs';
import type { Context, Contexts } from './contexts.js';
import { CliError } from './cli-error.js';

export interface Target {
  server: string;
  token: string | undefined;
  /** What gave the token, for people, where it is not what gave the server. */
  tokenFrom?: '--token' | 'PLATTE_TOKEN' | 'PLATTE_TOKEN_FILE';
  /** What said so, for people. */
  from: string;
  sql: Context['sql'] | undefined;
}

export interface TargetSources {
  flags: { server?: string; token?: string; context?: string; data?: string };
  env: Record<string, string | undefined>;
  contexts: Contexts;
  /** The platform that runs on a data folder. */
  readRun: (
    data: string,
  ) => { urls: { api: string; sql: string }; token: string; sql: Omit<NonNullable<Context['sql']>, 'url'> } | undefined;
}

export const dataDefault = '.platte';

/** @throws CliError when nothing says where, or names what is not there */
export function chooseTarget(sources: TargetSources): Target {
  const { flags, env } = sources;
  const chosen = chooseServer(sources);
  if (chosen === undefined) {
    throw new CliError(
      'No server: no platform runs in this folder, and no context is set. Start one with `platte up`, name one with --server ' +
        'or PLATTE_SERVER, or sign in to one with `platte login --server URL`.',
    );
  }
  refuseCredentials(chosen.server, chosen.from);
  if (!/^https?:\/\/./.test(chosen.server))
    throw new CliError(`${chosen.server} (${chosen.from}) is no URL of a server: it begins with https:// or http://.`);
  if (flags.token !== undefined) return { ...chosen, token: flags.token, tokenFrom: '--token' };
  return { ...chosen, ...tokenOfEnvironment(env) };
}

function tokenOfEnvironment(env: TargetSources['env']): Pick<Target, 'token' | 'tokenFrom'> | undefined {
  const token = env['PLATTE_TOKEN'];
  const file = env['PLATTE_TOKEN_FILE'];
  if (!file) return token ? { token, tokenFrom: 'PLATTE_TOKEN' } : undefined;
  if (token) throw new CliError('PLATTE_TOKEN and PLATTE_TOKEN_FILE are both set: set one of them.');
  return { token: readToken(file), tokenFrom: 'PLATTE_TOKEN_FILE' };
}

function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new CliError(`PLATTE_TOKEN_FILE names a file that cannot be read: ${cause}.`);
  }
}

/** Messages and lists show a server's URL as it is, so that it must hold no password. @throws CliError without the URL */
export function refuseCredentials(server: string, from: string): void {
  if (!server.includes('@')) return;
  throw new CliError(
    `The URL of the server (${from}) holds a user or a password. Take them out, and sign in with \`platte login\` or PLATTE_TOKEN.`,
  );
}

function chooseServer(sources: TargetSources): Target | undefined {
  const { flags, env, contexts, readRun } = sources;
  if (flags.server) return { server: flags.server, token: undefined, from: '--server', sql: undefined };
  if (flags.context) return ofContext(contexts, flags.context, '--context');
  if (flags.data) return ofRun(readRun, flags.data) ?? refuseNoRun(flags.data);
  if (env['PLATTE_SERVER'])
    return { server: env['PLATTE_SERVER'], token: undefined, from: 'PLATTE_SERVER', sql: undefined };
  if (env['PLATTE_CONTEXT']) return ofContext(contexts, env['PLATTE_CONTEXT'], 'PLATTE_CONTEXT');
  if (contexts.current !== undefined) return ofContext(contexts, contexts.current, 'the current context');
  return ofRun(readRun, dataDefault);
}

function ofContext({ contexts }: Contexts, name: string, from: string): Target {
  const context = contexts.find((one) => one.name === name);
  if (context) return { server: context.server, token: context.token, from: `context ${name}`, sql: context.sql };
  const known = contexts.map((one) => one.name).join(', ') || 'none yet';
  throw new CliError(`There is no context ${name} (${from}). There are: ${known}.`);
}

function ofRun(readRun: TargetSources['readRun'], data: string): Target | undefined {
  const run = readRun(data);
  if (run === undefined) return undefined;
  return {
    server: run.urls.api,
    token: run.token,
    from: `the platform that runs on ${data}`,
    sql: { url: run.urls.sql, ...run.sql },
  };
}

function refuseNoRun(data: string): never {
  throw new CliError(`No platform runs on ${data}. Start one with \`platte up --data ${data}\`.`);
}
