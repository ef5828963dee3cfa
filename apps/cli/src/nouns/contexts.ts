// Contexts, as kubectl has them: names for servers and the tokens that open them, in one file of mode 0600.
import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { CliError } from './cli-error.js';

const Context = z.object({
  name: z.string().min(1),
  server: z.string(),
  token: z.string().optional(),
  /** Then the token is this command line's own, and ends with `platte logout`. */
  signedIn: z.literal('by-browser').optional(),
  /** ClickHouse's HTTP interface, for `platte sql`. */
  sql: z.object({ url: z.string(), user: z.string(), password: z.string(), database: z.string() }).optional(),
});
export type Context = z.infer<typeof Context>;

const ContextsFile = z.object({
  'current-context': z.string().optional(),
  contexts: z.array(Context).default([]),
});

export interface Contexts {
  current: string | undefined;
  contexts: Context[];
}

export function contextsPath(env: NodeJS.ProcessEnv): string {
  if (env['PLATTE_CONFIG']) return env['PLATTE_CONFIG'];
  return join(env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'platte', 'config.yaml');
}

/** @throws CliError when the file is not one of ours */
export function readContexts(path: string): Contexts {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { current: undefined, contexts: [] };
    throw error;
  }
  const parsed = ContextsFile.safeParse(parse(text) ?? {});
  if (!parsed.success)
    throw new CliError(`${path} is not a file of contexts: ${z.prettifyError(parsed.error)}. Correct or delete it.`);
  return { current: parsed.data['current-context'], contexts: parsed.data.contexts };
}

/** Replaced in one step, and never readable for others: it holds tokens. */
export function writeContexts(path: string, { current, contexts }: Contexts): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const file = { ...(current !== undefined && { 'current-context': current }), contexts };
  writeFileSync(`${path}.new`, stringify(file), { mode: 0o600 });
  chmodSync(`${path}.new`, 0o600);
  renameSync(`${path}.new`, path);
}

/** What to tell when others on this machine can read the tokens; undefined when all is well. */
export function warnOfOpenFile(path: string): string | undefined {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  return (mode & 0o077) === 0 ? undefined : `${path} can be read by others on this machine: chmod 600 ${path}`;
}
