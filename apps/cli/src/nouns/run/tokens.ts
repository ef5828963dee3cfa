// `platte tokens …`
import { ApiError, type BodyOf } from '@platte/api-contract';
import { stringify } from 'yaml';
import { argument, flag, option, type Call } from '../call.js';
import { CliError } from '../cli-error.js';
import { confirm } from '../io.js';
import { printList } from '../print/output.js';
import { tokenColumns } from '../print/system-views.js';
import { findApplication } from '../resolve.js';
import { readAll } from './rows.js';

export async function listTokens(call: Call): Promise<void> {
  printList(call, await readAll(call.open().client.listTokens, {}), tokenColumns, ({ id }) => id);
}

/** The secret alone is on stdout, so that it can go into a file or a variable. */
export async function createToken(call: Call): Promise<void> {
  const named = (call.options['app'] as string[] | undefined) ?? [];
  const applications: string[] = [];
  for (const text of named) applications.push(await findApplication(call, text));
  const body = {
    name: argument(call, 0),
    role: option(call, 'role') as BodyOf<'createToken'>['role'],
    applications: applications.length === 0 ? null : applications,
    expiresInDays: toDays(option(call, 'expiresIn') ?? '90'),
  };
  const made = await call.open().client.createToken({ body });
  call.io.say(`Created token ${made.name} (${made.id}), role ${made.role}, expires ${made.expires ?? 'never'}.`);
  call.io.say('Its secret is shown this once:');
  switch (call.options['output']) {
    case 'json':
      return call.io.out(JSON.stringify(made, null, 2));
    case 'yaml':
      return call.io.out(stringify(made).trimEnd());
    default:
      return call.io.out(made.token);
  }
}

function toDays(text: string): number | null {
  if (text === 'never') return null;
  const days = Number(text.replace(/d$/, ''));
  if (Number.isInteger(days) && days > 0) return days;
  throw new CliError('--expires-in is a number of days, or never.');
}

export async function revokeToken(call: Call): Promise<void> {
  const id = argument(call, 0);
  if (!flag(call, 'dryRun')) await confirm(call.io, `Revoke token ${id}?`, flag(call, 'yes'));
  const revoke = call.open().client.revokeToken;
  try {
    await revoke({ params: { id }, query: { force: flag(call, 'force') ? 'true' : 'false' } });
  } catch (error) {
    if (!isLastAdminToken(error) || !call.io.canAsk || flag(call, 'dryRun')) throw error;
    await confirm(call.io, `${error.problem.detail} Revoke it all the same?`, false);
    await revoke({ params: { id }, query: { force: 'true' } });
  }
  call.io.say(`Revoked token ${id}.`);
}

const isLastAdminToken = (error: unknown): error is ApiError =>
  error instanceof ApiError && error.problem.reason === 'last-admin-token';
