// Groups and their policy. (application, track, arch) leads to exactly one group: a second is refused, never silently
// preferred. A group's arch is its channel's; a group without a channel takes the machines of its track that no other
// group of it takes, and there is one such group at most.
import { type Channel, defaultPolicy, type Group, type GroupStop, type Policy } from './catalog.js';
import type { CatalogChange, StopChange } from './catalog-change.js';
import type { ApplicationState } from './catalog-state.js';
import type { GroupCommand } from './commands.js';
import type { PolicyChanges } from './policy-changes.js';
import { refuseUnknownChannel } from './decide-channel.js';
import { type DecideContext, type Decided, refuseStale } from './decide-context.js';
import { supersede } from './decide-rollout.js';
import { refuse, type Rejection } from './rejection.js';
import { isSame, withChanges } from './edit.js';
import { isTimeZone, unknownZoneWords } from './windows.js';

type CommandOf<Kind extends GroupCommand['kind']> = Extract<GroupCommand, { kind: Kind }>;

export function decideGroup(command: GroupCommand, state: ApplicationState, context: DecideContext): Decided {
  if (command.kind === 'CreateGroup') return createGroup(command, state, context);
  const group = state.groups.get(command.group);
  if (group === undefined) return refuseUnknownGroup();
  const stale = refuseStale(state, group.id, command.seen);
  if (stale !== null) return stale;
  switch (command.kind) {
    case 'EditGroup':
      return editGroup(command, state, group);
    case 'SetGroupPolicy':
      return setPolicy(group, command.policy, '/policy');
    case 'PauseGroup':
      return pause(state, group, command.cause, context);
    case 'ResumeGroup':
      return resume(state, group, command.cause);
    case 'DeleteGroup':
      return deleteGroup(state, group);
    default:
      return command satisfies never;
  }
}

export function refuseUnknownGroup(): Rejection {
  return refuse('unknown-group', 'The application has no group with this id.', '/group');
}

export function groupChange(
  kind: 'GroupCreated' | 'GroupEdited' | 'GroupPolicySet' | 'GroupDeleted',
  before: Group | null,
  after: Group | null,
  cause = '',
): CatalogChange {
  const { application = '', id: subject = '' } = after ?? before ?? {};
  return { of: 'group', kind, application, group: subject, machine: '', subject, cause, before, after };
}

function createGroup(command: CommandOf<'CreateGroup'>, state: ApplicationState, context: DecideContext): Decided {
  const { application, id = context.newId(), name, description, track = id, channel } = command;
  if (state.groups.has(id)) return refuse('id-taken', `A group with id ${id} exists.`, '/id');
  const policy: Policy = withChanges(defaultPolicy, command.policy);
  const after: Group = { id, application, name, description, track, channel, policy };
  const refused = refusePlace(state, after, '') ?? refusePolicy(policy, null, '/policy');
  return refused ?? [groupChange('GroupCreated', null, after)];
}

function editGroup({ changes }: CommandOf<'EditGroup'>, state: ApplicationState, before: Group): Decided {
  const { policy = {}, ...words } = changes;
  const edited: Group = withChanges(before, words);
  const refused = refusePlace(state, edited, '/changes');
  if (refused !== null) return refused;
  const decided = setPolicy(edited, policy, '/changes/policy');
  if (!Array.isArray(decided)) return decided;
  return isSame(before, edited) ? decided : [groupChange('GroupEdited', before, edited), ...decided];
}

function setPolicy(before: Group, changes: PolicyChanges, pointer: string): Decided {
  const after: Group = { ...before, policy: withChanges(before.policy, changes) };
  const refused = refusePolicy(after.policy, before.policy, pointer);
  if (refused !== null) return refused;
  return isSame(before, after) ? [] : [groupChange('GroupPolicySet', before, after)];
}

/** A group that is paused stays as it was paused first, with the reason of then. */
function pause(state: ApplicationState, group: Group, cause: string, { actor, now }: DecideContext): Decided {
  if (state.stops.has(group.id)) return [];
  const stop: GroupStop = { actor, at: now, note: cause, switchesOn: false };
  return [stopChange('GroupPaused', group, null, stop, cause)];
}

/** Leaves the policy's own switch alone, unless it was a pause that cleared it. */
function resume(state: ApplicationState, group: Group, cause: string): Decided {
  const stop = state.stops.get(group.id);
  if (stop === undefined) return [];
  const resumed = stopChange('GroupResumed', group, stop, null, cause);
  if (!stop.switchesOn || group.policy.updatesEnabled) return [resumed];
  const enabled: Group = { ...group, policy: { ...group.policy, updatesEnabled: true } };
  return [resumed, groupChange('GroupPolicySet', group, enabled, cause)];
}

function stopChange(
  kind: StopChange['kind'],
  group: Group,
  before: GroupStop | null,
  after: GroupStop | null,
  cause: string,
): StopChange {
  const { application, id } = group;
  return {
    of: 'stop',
    kind,
    application,
    group: id,
    machine: '',
    subject: id,
    cause,
    before: { ...group, stop: before },
    after: { ...group, stop: after },
  };
}

/** Refused while updates are in progress: their machines could neither finish them nor be counted. */
function deleteGroup(state: ApplicationState, group: Group): Decided {
  const open = state.openLeases.get(group.id) ?? 0;
  if (open > 0) {
    const words = `${open} machines of the group are updating: pause the group and wait for them, or cancel their updates.`;
    return refuse('in-use', words, '', [{ kind: 'update', id: group.id, name: `${open} updates in progress` }]);
  }
  return [...supersede(state, group, 'the group was deleted'), groupChange('GroupDeleted', group, null)];
}

function refusePlace(state: ApplicationState, group: Group, at: string): Rejection | null {
  const others = [...state.groups.values()].filter(({ id }) => id !== group.id);
  const channel = group.channel === null ? null : state.channels.get(group.channel);
  if (channel === undefined) return refuseUnknownChannel(`${at}/channel`);
  if (others.some(({ name }) => name === group.name)) {
    return refuse('name-taken', `Another group of the application has the name ${group.name}.`, `${at}/name`);
  }
  const twin = others.find((other) => other.track === group.track && archOf(state, other) === (channel?.arch ?? null));
  if (twin === undefined) return null;
  const whom = channel === null ? 'without a channel' : `for ${channel.arch}`;
  return refuse(
    'track-taken',
    `Group ${twin.name} has track ${group.track} ${whom} already: a machine lands in one group only.`,
    `${at}/track`,
  );
}

function archOf(state: ApplicationState, { channel }: Group): Channel['arch'] | null {
  return channel === null ? null : (state.channels.get(channel)?.arch ?? null);
}

/** An older version took zones that are none: what else such a group has can still be edited. */
function readsClockAsBefore({ timezone, hours, freezes }: Policy, before: Policy | null): boolean {
  if (before === null) return false;
  return isSame([timezone, hours, freezes], [before.timezone, before.hours, before.freezes]);
}

function refusePolicy(policy: Policy, before: Policy | null, at: string): Rejection | null {
  if (!isTimeZone(policy.timezone) && !readsClockAsBefore(policy, before)) {
    const words = `${unknownZoneWords(policy.timezone)}: name a place, such as Europe/Berlin.`;
    return refuse('invalid-time-zone', words, `${at}/timezone`);
  }
  if (policy.hours.kind === 'windows') {
    const i = policy.hours.windows.findIndex((window) => window.from >= window.to);
    const words = 'A window ends after it begins; one that goes past midnight is two, the second on the next day.';
    if (i >= 0) return refuse('invalid-window', words, `${at}/hours/windows/${i}/to`);
  }
  const i = policy.freezes.findIndex((freeze) => freeze.from > freeze.to);
  if (i >= 0) return refuse('invalid-freeze', 'A freeze ends on its first day or later.', `${at}/freezes/${i}/to`);
  if (policy.backoffMs > policy.backoffMaxMs) {
    return refuse('invalid-backoff', 'The longest back-off is shorter than the first one.', `${at}/backoffMaxMs`);
  }
  return null;
}
