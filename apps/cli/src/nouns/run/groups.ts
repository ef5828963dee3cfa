// `platte groups …`
import type { BodyOf, Group } from '@platte/api-contract';
import { argument, flag, option, type Call } from '../call.js';
import { confirm } from '../io.js';
import { groupColumns, groupFields } from '../print/catalog-views.js';
import { printChange } from '../print/change.js';
import { printItem, printList } from '../print/output.js';
import { findChannel, findGivenApplication, findGroup, findHomeApplication } from '../resolve.js';
import { readBody, readChanges, type Body } from './body.js';
import { applicationNames, channelNames } from './names.js';
import { readAll } from './rows.js';

const idOf = ({ id }: { id: string }): string => id;

export async function listGroups(call: Call): Promise<void> {
  const query = await findGivenApplication(call);
  const [items, names, channels] = await Promise.all([
    readAll(call.open().client.listGroups, { query }),
    applicationNames(call),
    channelNames(call),
  ]);
  printList(call, items, groupColumns(names, channels), idOf);
}

async function readNamed(call: Call): Promise<Group> {
  const id = await findGroup(call, argument(call, 0));
  return call.open().client.getGroup({ params: { id } });
}

export async function getGroup(call: Call): Promise<void> {
  const [item, names, channels] = await Promise.all([readNamed(call), applicationNames(call), channelNames(call)]);
  printItem(call, item, groupFields(names, channels), idOf);
}

async function withChannelId(call: Call, body: Body, application: string): Promise<Body> {
  const { channel: named } = body;
  if (typeof named !== 'string') return body;
  return { ...body, channel: named === 'none' ? null : await findChannel(call, named, application) };
}

/** Windows that are given are the group's hours. */
function withHours(body: Body): Body {
  const policy = body['policy'] as { hours?: Body } | undefined;
  if (policy?.hours?.['windows'] !== undefined) policy.hours['kind'] = 'windows';
  return body;
}

export async function createGroup(call: Call): Promise<void> {
  const application = await findHomeApplication(call);
  const given = withHours({ ...readBody(call), name: argument(call, 0), application });
  const body = (await withChannelId(call, given, application)) as BodyOf<'createGroup'>;
  const made = await call.open().client.createGroup({ body });
  printChange(call, `Created group ${made.name} for track ${made.track} (${made.id}).`, made);
}

export async function updateGroup(call: Call): Promise<void> {
  const changes = withHours(readChanges(call));
  const { id, revision, application } = await readNamed(call);
  const body = (await withChannelId(call, changes, application)) as BodyOf<'editGroup'>;
  const edited = await call.open().client.editGroup({ params: { id }, ifMatch: revision, body });
  printChange(call, `Edited group ${edited.name}.`, edited);
}

export async function deleteGroup(call: Call): Promise<void> {
  const { id, name, revision } = await readNamed(call);
  if (!flag(call, 'dryRun')) await confirm(call.io, `Delete group ${name}?`, flag(call, 'yes'));
  await call.open().client.deleteGroup({ params: { id }, ifMatch: revision });
  call.io.say(`Deleted group ${name}.`);
}

export async function pauseGroup(call: Call): Promise<void> {
  const id = await findGroup(call, argument(call, 0));
  const body = { note: option(call, 'note') ?? option(call, 'reason') ?? '' };
  const paused = await call.open().client.pauseGroup({ params: { id }, body });
  printChange(call, `Paused group ${paused.name}: its machines are offered nothing.`, paused);
}

export async function resumeGroup(call: Call): Promise<void> {
  const id = await findGroup(call, argument(call, 0));
  const body = { note: option(call, 'note') ?? option(call, 'reason') ?? '' };
  const resumed = await call.open().client.resumeGroup({ params: { id }, body });
  const words = resumed.policy.updatesEnabled
    ? `Resumed group ${resumed.name}.`
    : `Group ${resumed.name} is not paused, but updates are off in its policy: platte groups update ${resumed.name} --updates`;
  printChange(call, words, resumed);
}
