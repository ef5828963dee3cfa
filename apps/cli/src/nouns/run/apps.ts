// `platte apps …`
import type { BodyOf } from '@platte/api-contract';
import { argument, flag, option, type Call } from '../call.js';
import { CliError } from '../cli-error.js';
import { confirm } from '../io.js';
import { applicationColumns, applicationFields } from '../print/catalog-views.js';
import { printChange } from '../print/change.js';
import { printItem, printList } from '../print/output.js';
import { findApplication } from '../resolve.js';
import { readBody, readChanges } from './body.js';
import { readAll } from './rows.js';

const idOf = ({ id }: { id: string }): string => id;

export async function listApps(call: Call): Promise<void> {
  printList(call, await readAll(call.open().client.listApplications, {}), applicationColumns, idOf);
}

async function readNamed(call: Call) {
  const id = await findApplication(call, argument(call, 0));
  return call.open().client.getApplication({ params: { id } });
}

export async function getApp(call: Call): Promise<void> {
  printItem(call, await readNamed(call), applicationFields, idOf);
}

export async function createApp(call: Call): Promise<void> {
  const body = { ...readBody(call), name: argument(call, 0) } as BodyOf<'createApplication'>;
  if (body.cloneOf !== undefined) body.cloneOf = await findApplication(call, body.cloneOf);
  const made = await call.open().client.createApplication({ body });
  printChange(call, `Created application ${made.name} (${made.id}).`, made);
}

export async function updateApp(call: Call): Promise<void> {
  const body = readChanges(call) as BodyOf<'editApplication'>;
  const { id, revision } = await readNamed(call);
  const edited = await call.open().client.editApplication({ params: { id }, ifMatch: revision, body });
  printChange(call, `Edited application ${edited.name}.`, edited);
}

export async function deleteApp(call: Call): Promise<void> {
  const { id, name, revision } = await readNamed(call);
  if (!flag(call, 'dryRun')) {
    await confirm(call.io, `Delete application ${name} with its packages, channels, groups?`, flag(call, 'yes'));
  }
  await call.open().client.deleteApplication({ params: { id }, ifMatch: revision });
  call.io.say(`Deleted application ${name}.`);
}

export async function listDeadEnds(call: Call): Promise<void> {
  const id = await findApplication(call, argument(call, 0));
  const { items } = await call.open().client.listDeadEnds({ params: { id } });
  const columns = [
    { name: 'VERSION', cell: ({ version }: { version: string }) => version },
    { name: 'REASON', cell: ({ reason }: { reason: string }) => reason },
  ];
  printList(call, items, columns, ({ version }) => version);
}

export async function markDeadEnd(call: Call): Promise<void> {
  const reason = option(call, 'reason');
  if (!reason) throw new CliError('A dead end needs a reason, for the people whose machines stay behind: --reason "…"');
  const id = await findApplication(call, argument(call, 0));
  const version = argument(call, 1);
  const marked = await call.open().client.markDeadEnd({ params: { id, version }, body: { reason } });
  printChange(call, `${version} is a dead end: ${reason}`, { ...marked, id: version });
}

export async function clearDeadEnd(call: Call): Promise<void> {
  const id = await findApplication(call, argument(call, 0));
  const version = argument(call, 1);
  await call.open().client.clearDeadEnd({ params: { id, version } });
  call.io.say(`${version} is no dead end any more.`);
}
