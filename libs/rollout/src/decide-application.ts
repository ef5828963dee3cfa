// Applications, their dead ends, and the packages that a first look made.
import { type Application, type Channel, defaultPolicy, type Group } from './catalog.js';
import type { CatalogChange } from './catalog-change.js';
import type { ApplicationState, CatalogState } from './catalog-state.js';
import type { ApplicationCommand } from './commands.js';
import { type DecideContext, type Decided, refuseStale } from './decide-context.js';
import { channelChange } from './decide-channel.js';
import { groupChange } from './decide-group.js';
import { deletePackage } from './decide-package.js';
import { refuse, type Rejection, type Use } from './rejection.js';
import { isSame, withChanges } from './edit.js';
import { parseVersion } from './version.js';

type CommandOf<Kind extends ApplicationCommand['kind']> = Extract<ApplicationCommand, { kind: Kind }>;

export function decideApplication(command: ApplicationCommand, catalog: CatalogState, context: DecideContext): Decided {
  if (command.kind === 'CreateApplication') return createApplication(command, catalog, context);
  const state = catalog.application;
  if (state === null) return refuseUnknownApplication();
  switch (command.kind) {
    case 'EditApplication':
      return editApplication(command, catalog, state);
    case 'DeleteApplication':
      return deleteApplication(command, state);
    case 'MarkDeadEnd':
      return markDeadEnd(command, state);
    case 'ClearDeadEnd':
      return clearDeadEnd(command, state);
    case 'RemoveExamplePackages':
      return removeExamplePackages(state);
    default:
      return command satisfies never;
  }
}

export function refuseUnknownApplication(): Rejection {
  return refuse('unknown-application', 'There is no application with this id.', '/application');
}

function createApplication(
  command: CommandOf<'CreateApplication'>,
  catalog: CatalogState,
  context: DecideContext,
): Decided {
  const { name, productId, cloneOf } = command;
  const { source } = catalog;
  if (cloneOf !== undefined && source === null) {
    return refuse('unknown-application', 'The application to clone does not exist.', '/cloneOf');
  }
  const id = command.id ?? context.newId();
  if (catalog.applications.has(id)) return refuse('id-taken', `An application with id ${id} exists.`, '/id');
  const taken = refuseTakenName(catalog, id, name, productId);
  if (taken !== null) return taken;
  const application: Application = {
    id,
    name,
    description: command.description ?? source?.application.description ?? '',
    versioning: command.versioning ?? source?.application.versioning ?? 'semver',
    reboots: command.reboots ?? source?.application.reboots ?? true,
    productId,
  };
  const created = applicationChange('ApplicationCreated', null, application);
  return source === null ? [created] : [created, ...cloneParts(source, id, context)];
}

/** Channels without their packages, and groups; a group whose track was its own id gets its new one. */
function cloneParts(source: ApplicationState, application: string, { newId }: DecideContext): CatalogChange[] {
  const channelIds = new Map([...source.channels.keys()].map((id) => [id, newId()]));
  const channels = [...source.channels.values()].map((channel): Channel => {
    return { ...channel, id: channelIds.get(channel.id) ?? newId(), application, package: null };
  });
  const groups = [...source.groups.values()].map((group): Group => {
    const id = newId();
    const channel = group.channel === null ? null : (channelIds.get(group.channel) ?? null);
    return { ...group, id, application, channel, track: group.track === group.id ? id : group.track };
  });
  return [
    ...channels.map((channel) => channelChange('ChannelCreated', null, channel)),
    ...groups.map((group) =>
      groupChange('GroupCreated', null, { ...group, policy: { ...defaultPolicy, ...group.policy } }),
    ),
  ];
}

function editApplication(
  command: CommandOf<'EditApplication'>,
  catalog: CatalogState,
  state: ApplicationState,
): Decided {
  const before = state.application;
  const stale = refuseStale(state, before.id, command.seen);
  if (stale !== null) return stale;
  const after: Application = withChanges(before, command.changes);
  const taken = refuseTakenName(catalog, before.id, after.name, after.productId, '/changes');
  if (taken !== null) return taken;
  const unreadable = [...state.packages.values(), ...state.deadEnds.values()].find(
    ({ version }) => parseVersion(version, after.versioning) === null,
  );
  if (unreadable !== undefined) {
    const words = `Version ${unreadable.version} of this application does not parse as ${after.versioning}: delete it first.`;
    return refuse('invalid-version', words, '/changes/versioning');
  }
  return isSame(before, after) ? [] : [applicationChange('ApplicationEdited', before, after)];
}

/** Refused while machines can land in it. Its channels, packages and marks go with it, each as a fact of its own. */
function deleteApplication(command: CommandOf<'DeleteApplication'>, state: ApplicationState): Decided {
  const { application } = state;
  const stale = refuseStale(state, application.id, command.seen);
  if (stale !== null) return stale;
  const uses = inOrder(state.groups.values(), byId).map(({ id, name }): Use => ({ kind: 'group', id, name }));
  if (uses.length > 0)
    return refuse('in-use', 'Delete the groups of the application first: machines land in them.', '', uses);
  const { id } = application;
  const marks = { application: id, group: null, machine: '', cause: '', after: null };
  return [
    ...inOrder(state.floors, byPair).map((before): CatalogChange => ({
      of: 'floor',
      kind: 'FloorRemoved',
      ...marks,
      subject: before.channel,
      before,
    })),
    ...inOrder(state.blacklist, byPair).map((before): CatalogChange => {
      return { of: 'blacklisting', kind: 'PackageUnblacklisted', ...marks, subject: before.channel, before };
    }),
    ...inOrder(state.channels.values(), byId).map((channel) => channelChange('ChannelDeleted', channel, null)),
    ...inOrder(state.packages.values(), byId).map((before): CatalogChange => {
      return { of: 'package', kind: 'PackageDeleted', ...marks, subject: before.id, before };
    }),
    ...inOrder(state.deadEnds.values(), ({ version }) => version).map((before): CatalogChange => {
      return { of: 'dead-end', kind: 'DeadEndCleared', ...marks, subject: before.version, before };
    }),
    applicationChange('ApplicationDeleted', application, null),
  ];
}

/** The order of a decision's facts is its own, not that of a store that was read: the same state gives the same facts. */
function inOrder<T>(items: Iterable<T>, key: (item: T) => string): T[] {
  return [...items].toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

const byId = ({ id }: { id: string }): string => id;
const byPair = ({ channel, package: id }: { channel: string; package: string }): string => `${channel} ${id}`;

function markDeadEnd({ version, reason }: CommandOf<'MarkDeadEnd'>, state: ApplicationState): Decided {
  const { id, versioning } = state.application;
  const parsed = parseVersion(version, versioning);
  if (parsed === null || parsed.isUpdateMe) {
    return refuse(
      'invalid-version',
      `Version ${version} does not parse as ${versioning}, the grammar of this application.`,
      '/version',
    );
  }
  const before = state.deadEnds.get(version) ?? null;
  const after = { version, reason };
  if (before !== null && isSame(before, after)) return [];
  return [
    {
      of: 'dead-end',
      kind: 'DeadEndMarked',
      application: id,
      group: null,
      machine: '',
      subject: version,
      cause: reason,
      before,
      after,
    },
  ];
}

function clearDeadEnd({ version }: CommandOf<'ClearDeadEnd'>, state: ApplicationState): Decided {
  const before = state.deadEnds.get(version);
  if (before === undefined) return [];
  const { id } = state.application;
  return [
    {
      of: 'dead-end',
      kind: 'DeadEndCleared',
      application: id,
      group: null,
      machine: '',
      subject: version,
      cause: '',
      before,
      after: null,
    },
  ];
}

/** Takes them out of the channels that have them, then deletes them. */
function removeExamplePackages(state: ApplicationState): Decided {
  const examples = inOrder(state.packages.values(), byId).filter((pkg) => pkg.example);
  const ids = new Set(examples.map(({ id }) => id));
  const assigned = inOrder(state.channels.values(), byId).filter(
    (channel) => channel.package !== null && ids.has(channel.package),
  );
  const emptied = assigned.map((channel) => channelChange('PackageAssigned', channel, { ...channel, package: null }));
  const channels = new Map(
    [...state.channels].map(([id, channel]) => [
      id,
      ids.has(channel.package ?? '') ? { ...channel, package: null } : channel,
    ]),
  );
  const deleted: CatalogChange[] = [];
  for (const pkg of examples) {
    const decided = deletePackage({ ...state, channels }, pkg);
    if (!Array.isArray(decided)) return decided;
    deleted.push(...decided);
  }
  return [...emptied, ...deleted];
}

function refuseTakenName(
  { applications }: CatalogState,
  id: string,
  name: string,
  productId: string | null,
  at = '',
): Rejection | null {
  const others = [...applications.values()].filter((other) => other.id !== id);
  if (others.some((other) => other.name === name)) {
    return refuse('name-taken', `Another application has the name ${name}.`, `${at}/name`);
  }
  const key = productId?.toLowerCase();
  if (key !== undefined && others.some((other) => other.productId?.toLowerCase() === key)) {
    return refuse('product-id-taken', `Another application has the product id ${productId}.`, `${at}/productId`);
  }
  return null;
}

function applicationChange(
  kind: 'ApplicationCreated' | 'ApplicationEdited' | 'ApplicationDeleted',
  before: Application | null,
  after: Application | null,
): CatalogChange {
  const application = (after ?? before)?.id ?? '';
  return {
    of: 'application',
    kind,
    application,
    group: null,
    machine: '',
    subject: application,
    cause: '',
    before,
    after,
  };
}
