// Channels, the package each one offers, and its floors and blacklist.
//
// A blacklisted package is neither floor nor current; a package may be both floor and current. The arch of a channel
// never changes, and all packages that it names share it.
import type { Channel, Package } from './catalog.js';
import type { CatalogChange } from './catalog-change.js';
import type { ApplicationState } from './catalog-state.js';
import type { ChannelCommand } from './commands.js';
import { type DecideContext, type Decided, floorsMax, refuseStale } from './decide-context.js';
import { refuseUnknownPackage } from './decide-package.js';
import { refuse, type Rejection, type Use } from './rejection.js';
import { isSame, withChanges } from './edit.js';

type CommandOf<Kind extends ChannelCommand['kind']> = Extract<ChannelCommand, { kind: Kind }>;

export function decideChannel(command: ChannelCommand, state: ApplicationState, context: DecideContext): Decided {
  if (command.kind === 'CreateChannel') return createChannel(command, state, context);
  const channel = state.channels.get(command.channel);
  if (channel === undefined) return refuseUnknownChannel();
  const stale = refuseStale(state, channel.id, command.seen);
  if (stale !== null) return stale;
  switch (command.kind) {
    case 'EditChannel':
      return editChannel(command, state, channel);
    case 'AssignPackage':
      return assignPackage(state, channel, command.package, '/package');
    case 'DeleteChannel':
      return deleteChannel(state, channel);
    case 'SetFloor':
    case 'RemoveFloor':
    case 'BlacklistPackage':
    case 'UnblacklistPackage':
      return decideMark(command, state, channel);
    default:
      return command satisfies never;
  }
}

export function refuseUnknownChannel(pointer = '/channel'): Rejection {
  return refuse('unknown-channel', 'The application has no channel with this id.', pointer);
}

export function channelChange(
  kind: 'ChannelCreated' | 'ChannelEdited' | 'PackageAssigned' | 'ChannelDeleted',
  before: Channel | null,
  after: Channel | null,
): CatalogChange {
  const { application = '', id: subject = '' } = after ?? before ?? {};
  return { of: 'channel', kind, application, group: null, machine: '', subject, cause: '', before, after };
}

function createChannel(command: CommandOf<'CreateChannel'>, state: ApplicationState, context: DecideContext): Decided {
  const { application, id = context.newId(), name, color, arch } = command;
  if (state.channels.has(id)) return refuse('id-taken', `A channel with id ${id} exists.`, '/id');
  const after: Channel = { id, application, name, color, arch, package: null };
  const taken = refuseTakenName(state, after, '/name');
  if (taken !== null) return taken;
  const assigned = assignPackage(state, after, command.package, '/package');
  if (!Array.isArray(assigned)) return assigned;
  return [channelChange('ChannelCreated', null, { ...after, package: command.package })];
}

function editChannel({ changes }: CommandOf<'EditChannel'>, state: ApplicationState, before: Channel): Decided {
  const { package: pack = before.package, ...words } = changes;
  const after: Channel = withChanges(before, words);
  const taken = refuseTakenName(state, after, '/changes/name');
  if (taken !== null) return taken;
  const assigned = assignPackage(state, after, pack, '/changes/package');
  if (!Array.isArray(assigned)) return assigned;
  return isSame(before, after) ? assigned : [channelChange('ChannelEdited', before, after), ...assigned];
}

function refuseTakenName(state: ApplicationState, { id, name, arch }: Channel, pointer: string): Rejection | null {
  const twin = [...state.channels.values()].find(
    (other) => other.id !== id && other.name === name && other.arch === arch,
  );
  return twin === undefined ? null : refuse('name-taken', `Another channel for ${arch} has the name ${name}.`, pointer);
}

function assignPackage(state: ApplicationState, channel: Channel, id: string | null, pointer: string): Decided {
  if (id !== null) {
    const pkg = state.packages.get(id);
    if (pkg === undefined) return refuseUnknownPackage(pointer);
    const refused = refuseArch(channel, pkg, pointer);
    if (refused !== null) return refused;
    if (isBlacklisted(state, channel.id, id)) {
      return refuse(
        'package-blacklisted',
        `Version ${pkg.version} is blacklisted for this channel: take it off the list first.`,
        pointer,
      );
    }
  }
  return id === channel.package ? [] : [channelChange('PackageAssigned', channel, { ...channel, package: id })];
}

/** Its floors and blacklist go with it. */
function deleteChannel(state: ApplicationState, channel: Channel): Decided {
  const uses = [...state.groups.values()]
    .filter((group) => group.channel === channel.id)
    .map(({ id, name }): Use => ({ kind: 'group', id, name }));
  if (uses.length > 0)
    return refuse('in-use', `Groups follow channel ${channel.name}: move them to another one first.`, '', uses);
  const floors = state.floors.filter((floor) => floor.channel === channel.id);
  const listed = state.blacklist.filter((entry) => entry.channel === channel.id);
  return [
    ...floors.map((floor) => floorChange(channel, 'FloorRemoved', floor, null)),
    ...listed.map((entry) => blacklistChange(channel, 'PackageUnblacklisted', entry, null)),
    channelChange('ChannelDeleted', channel, null),
  ];
}

type MarkCommand = CommandOf<'SetFloor' | 'RemoveFloor' | 'BlacklistPackage' | 'UnblacklistPackage'>;

function decideMark(command: MarkCommand, state: ApplicationState, channel: Channel): Decided {
  const pkg = state.packages.get(command.package);
  if (pkg === undefined) return refuseUnknownPackage();
  const refused = refuseArch(channel, pkg, '/package');
  if (refused !== null) return refused;
  const floor = state.floors.find((floor) => floor.channel === channel.id && floor.package === pkg.id) ?? null;
  const listed = state.blacklist.find((entry) => entry.channel === channel.id && entry.package === pkg.id) ?? null;
  switch (command.kind) {
    case 'SetFloor':
      if (listed !== null)
        return refuse('package-blacklisted', `Version ${pkg.version} is blacklisted for this channel.`, '/package');
      if (floor?.reason === command.reason) return [];
      if (floor === null && countFloors(state, channel) >= floorsMax) {
        return refuse(
          'too-many',
          `A channel has at most ${floorsMax} floors: all of them travel in one answer to a syncer.`,
        );
      }
      return [
        floorChange(channel, 'FloorSet', floor, { channel: channel.id, package: pkg.id, reason: command.reason }),
      ];
    case 'RemoveFloor':
      return floor === null ? [] : [floorChange(channel, 'FloorRemoved', floor, null)];
    case 'BlacklistPackage':
      if (floor !== null)
        return refuse(
          'package-is-floor',
          `Version ${pkg.version} is a floor of this channel: remove the floor first.`,
          '/package',
        );
      if (channel.package === pkg.id) {
        return refuse(
          'package-is-current',
          `Version ${pkg.version} is what this channel offers: give it another package first.`,
          '/package',
        );
      }
      return listed !== null
        ? []
        : [blacklistChange(channel, 'PackageBlacklisted', null, { channel: channel.id, package: pkg.id })];
    case 'UnblacklistPackage':
      return listed === null ? [] : [blacklistChange(channel, 'PackageUnblacklisted', listed, null)];
    default:
      return command satisfies never;
  }
}

function refuseArch(channel: Channel, pkg: Package, pointer: string): Rejection | null {
  if (channel.arch === pkg.arch) return null;
  return refuse(
    'arch-mismatch',
    `Package ${pkg.version} is for ${pkg.arch}, channel ${channel.name} for ${channel.arch}.`,
    pointer,
  );
}

function isBlacklisted(state: ApplicationState, channel: string, pkg: string): boolean {
  return state.blacklist.some((entry) => entry.channel === channel && entry.package === pkg);
}

function countFloors(state: ApplicationState, channel: Channel): number {
  return state.floors.filter((floor) => floor.channel === channel.id).length;
}

type ChangeOf<Name extends CatalogChange['of']> = Extract<CatalogChange, { of: Name }>;

function floorChange(
  { application, id }: Channel,
  kind: ChangeOf<'floor'>['kind'],
  before: ChangeOf<'floor'>['before'],
  after: ChangeOf<'floor'>['after'],
): CatalogChange {
  return {
    of: 'floor',
    kind,
    application,
    group: null,
    machine: '',
    subject: id,
    cause: after?.reason ?? '',
    before,
    after,
  };
}

function blacklistChange(
  { application, id }: Channel,
  kind: ChangeOf<'blacklisting'>['kind'],
  before: ChangeOf<'blacklisting'>['before'],
  after: ChangeOf<'blacklisting'>['after'],
): CatalogChange {
  return { of: 'blacklisting', kind, application, group: null, machine: '', subject: id, cause: '', before, after };
}
