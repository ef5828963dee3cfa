// `platte context …`
import { readFileSync } from 'node:fs';
import { exitCodes } from '../../exit-codes.js';
import { argument, flag, option, type Call } from '../call.js';
import { CliError } from '../cli-error.js';
import { contextsPath, readContexts, writeContexts, type Context, type Contexts } from '../contexts.js';
import { renderTable } from '../print/table.js';
import { readText } from './body.js';
import { refuseCredentials } from '../target.js';

const path = (): string => contextsPath(process.env);

export async function listContexts({ io }: Call): Promise<void> {
  const { current, contexts } = readContexts(path());
  if (contexts.length === 0)
    return io.say('There are none. `platte context set NAME --server URL --token-stdin` adds one.');
  const columns = [
    { name: '', cell: ({ name }: Context) => (name === current ? '*' : ' ') },
    { name: 'NAME', cell: ({ name }: Context) => name },
    { name: 'SERVER', cell: ({ server }: Context) => server },
    { name: 'TOKEN', cell: ({ token }: Context) => (token === undefined ? 'none' : 'set') },
  ];
  io.out(renderTable(contexts, columns, { now: io.now(), width: io.width, isWide: false, bold: io.colours.bold }));
}

function assertKnown({ contexts }: Contexts, name: string): void {
  if (contexts.some((one) => one.name === name)) return;
  throw new CliError(`There is no context ${name}: \`platte context list\` shows them.`, exitCodes.notFound);
}

export async function useContext(call: Call): Promise<void> {
  const name = argument(call, 0);
  const file = readContexts(path());
  assertKnown(file, name);
  writeContexts(path(), { ...file, current: name });
  call.io.say(`The current context is ${name}.`);
}

export async function setContext(call: Call): Promise<void> {
  const name = argument(call, 0);
  const file = readContexts(path());
  const before = file.contexts.find((one) => one.name === name);
  const server = option(call, 'server') ?? before?.server;
  if (server === undefined) throw new CliError('A new context needs a server: --server https://…');
  refuseCredentials(server, '--server');
  if (!/^https?:\/\/./.test(server)) throw new CliError(`${server} is no URL of a server.`);
  const token = readToken(call) ?? (before?.server === server ? before.token : undefined);
  const sql = readSql(call) ?? before?.sql;
  const context: Context = { name, server, ...(token !== undefined && { token }), ...(sql && { sql }) };
  const others = file.contexts.filter((one) => one.name !== name);
  writeContexts(path(), { current: file.current ?? name, contexts: [...others, context] });
  call.io.say(`${before ? 'Changed' : 'Added'} context ${name} in ${path()}.`);
}

function readToken(call: Call): string | undefined {
  const token = flag(call, 'tokenStdin') ? readText('-').trim() : option(call, 'token');
  if (token === '') throw new CliError('The token is empty.');
  return token;
}

function readSql(call: Call): Context['sql'] | undefined {
  const [url, user, file] = ['sqlUrl', 'sqlUser', 'sqlPasswordFile'].map((name) => option(call, name));
  if (url === undefined) return undefined;
  if (user === undefined || file === undefined)
    throw new CliError('With --sql-url, --sql-user and --sql-password-file are needed too.');
  return { url, user, password: readFileSync(file, 'utf8').trim(), database: option(call, 'sqlDatabase') ?? 'platte' };
}

export async function deleteContext(call: Call): Promise<void> {
  const name = argument(call, 0);
  const { current, contexts } = readContexts(path());
  assertKnown({ current, contexts }, name);
  writeContexts(path(), {
    current: current === name ? undefined : current,
    contexts: contexts.filter((one) => one.name !== name),
  });
  call.io.say(`Forgot context ${name}.`);
}
