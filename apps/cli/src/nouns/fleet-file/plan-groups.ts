// Groups of the plan, in two parts: the rules of those that are there come before their channels get another package, so that
// nothing is granted by the old rules; moving, resuming and creating them come after it.
import { CliError } from '../cli-error.js';
import { findDifferences, pickChanged, withoutUndefined } from './differences.js';
import { findHeldGroup, type Scope } from './scope.js';
import type { FileGroup } from './shape.js';
import { applicationKey, channelKey, groupKey, type Difference, type Key, type Step } from './steps.js';

type Held = NonNullable<ReturnType<typeof findHeldGroup>>;

export function planGroupRules(scope: Scope): Step[] {
  return scope.wanted.groups.flatMap((wanted) => {
    const found = findHeldGroup(scope.held, wanted);
    return found ? planRules(wanted, found, scope) : [];
  });
}

/** All but its channel, and but letting it go. */
function planRules(wanted: FileGroup, found: Held, scope: Scope): Step[] {
  const { id: _, channel: __, policy: { updatesEnabled, ...rules } = {}, ...words } = wanted;
  const policy = { ...rules, ...(updatesEnabled === false && { updatesEnabled }) };
  const fields = { ...words, policy };
  const differences = findDifferences(fields, found);
  if (differences.length === 0) return [];
  const isJudged = differences.some(({ field }) => field !== 'name' && field !== 'description');
  const body = pickChanged(fields, found);
  return [toEdit(wanted, scope, differences, isJudged ? [found.id] : [], { do: 'edit-group', body })];
}

export function planGroupPlaces(scope: Scope): Step[] {
  return scope.wanted.groups.flatMap((wanted) => {
    const found = findHeldGroup(scope.held, wanted);
    return found ? planPlace(wanted, found, scope) : [planCreation(wanted, scope)];
  });
}

function planPlace(wanted: FileGroup, found: Held, scope: Scope): Step[] {
  const channel = wanted.channel === undefined ? undefined : toChannelKey(wanted, scope);
  const before = scope.held?.channels.find(({ id }) => id === found.channel);
  const beforeKey = before ? channelKey(scope.wanted.name, before.name, before.arch) : null;
  const isMoved = channel !== undefined && channel !== beforeKey;
  const isResumed = wanted.policy?.updatesEnabled === true && !found.policy.updatesEnabled;
  if (!isMoved && !isResumed) return [];
  const differences: Difference[] = [
    ...(isMoved ? [{ field: 'channel', before: toShort(beforeKey), after: toShort(channel) }] : []),
    ...(isResumed ? [{ field: 'policy.updatesEnabled', before: false, after: true }] : []),
  ];
  const body = isResumed ? { policy: { updatesEnabled: true } } : {};
  const deed = { do: 'edit-group', body, ...(isMoved && { channel }) } as const;
  return [toEdit(wanted, scope, differences, [found.id], deed)];
}

function planCreation(wanted: FileGroup, scope: Scope): Step {
  const { id, channel: _, ...fields } = wanted;
  const channel = wanted.channel === undefined ? null : toChannelKey(wanted, scope);
  const body = { ...withoutUndefined({ id }), ...withoutUndefined(fields), name: wanted.name };
  return { ...toEdit(wanted, scope, [], [], { do: 'create-group', body, channel }), sign: '+' };
}

function toEdit(
  { name }: FileGroup,
  { wanted }: Scope,
  differences: Difference[],
  groups: string[],
  deed: Step['deed'],
): Step {
  const application = applicationKey(wanted.name);
  return { sign: '~', of: groupKey(wanted.name, name), application, differences, groups, deed };
}

const toShort = (key: Key | null): string | null => key && key.replace(/^channel (.*) of .*$/, '$1');

/** `stable/arm64`, or `stable` where one channel has that name. */
function toChannelKey({ name: group, channel: text }: FileGroup, { wanted, held }: Scope): Key | null {
  if (text === null || text === undefined) return null;
  const known = [...wanted.channels, ...(held?.channels ?? [])].map(({ name, arch }) => ({ name, arch }));
  const fitting = known.filter(({ name, arch }) => text === name || text === `${name}/${arch}`);
  const keys = [...new Set(fitting.map(({ name, arch }) => channelKey(wanted.name, name, arch)))];
  const [only] = keys;
  if (only !== undefined && keys.length === 1) return only;
  throw new CliError(
    only === undefined
      ? `Group ${group} of ${wanted.name} follows channel ${text}, which is neither in the file nor in the catalog.`
      : `Group ${group} of ${wanted.name} follows channel ${text}, and there are several: say which as name/arch.`,
  );
}
