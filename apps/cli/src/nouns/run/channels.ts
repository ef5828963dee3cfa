// `platte channels …`; floors and blacklist are in channel-marks.ts.
import type { BodyOf, Channel } from '@platte/api-contract';
import { argument, flag, type Call } from '../call.js';
import { confirm } from '../io.js';
import { channelColumns, channelFields } from '../print/catalog-views.js';
import { printChange } from '../print/change.js';
import { printItem, printList } from '../print/output.js';
import { findChannel, findGivenApplication, findHomeApplication, findPackage } from '../resolve.js';
import { readBody, readChanges, type Body } from './body.js';
import { applicationNames, packageNames } from './names.js';
import { readAll } from './rows.js';

const idOf = ({ id }: { id: string }): string => id;
const label = ({ name, arch }: Channel): string => `${name}/${arch}`;

export async function listChannels(call: Call): Promise<void> {
  const query = await findGivenApplication(call);
  const [items, names, versions] = await Promise.all([
    readAll(call.open().client.listChannels, { query }),
    applicationNames(call),
    packageNames(call),
  ]);
  printList(call, items, channelColumns(names, versions), idOf);
}

async function readNamed(call: Call): Promise<Channel> {
  const id = await findChannel(call, argument(call, 0));
  return call.open().client.getChannel({ params: { id } });
}

export async function getChannel(call: Call): Promise<void> {
  const [item, names, versions] = await Promise.all([readNamed(call), applicationNames(call), packageNames(call)]);
  printItem(call, item, channelFields(names, versions), idOf);
}

/** A package may be named by its version: the channel's application and arch say which one is meant. */
async function withPackageId(call: Call, body: Body, application: string, arch: Channel['arch']): Promise<Body> {
  const { package: named } = body;
  if (typeof named !== 'string') return body;
  return { ...body, package: named === 'none' ? null : await findPackage(call, named, { application, arch }) };
}

export async function createChannel(call: Call): Promise<void> {
  const application = await findHomeApplication(call);
  const given: Body = { arch: 'amd64', ...readBody(call), name: argument(call, 0), application };
  const body = await withPackageId(call, given, application, given['arch'] as Channel['arch']);
  const made = await call.open().client.createChannel({ body: body as BodyOf<'createChannel'> });
  printChange(call, `Created channel ${label(made)} (${made.id}).`, made);
}

export async function updateChannel(call: Call): Promise<void> {
  const changes = readChanges(call);
  const { id, revision, application, arch } = await readNamed(call);
  const body = (await withPackageId(call, changes, application, arch)) as BodyOf<'editChannel'>;
  const edited = await call.open().client.editChannel({ params: { id }, ifMatch: revision, body });
  printChange(call, `Edited channel ${label(edited)}.`, edited);
}

export async function deleteChannel(call: Call): Promise<void> {
  const channel = await readNamed(call);
  if (!flag(call, 'dryRun')) await confirm(call.io, `Delete channel ${label(channel)}?`, flag(call, 'yes'));
  await call.open().client.deleteChannel({ params: { id: channel.id }, ifMatch: channel.revision });
  call.io.say(`Deleted channel ${label(channel)}.`);
}
