// What the catalog holds and the file does not name, in the order in which it can be deleted. Examples of a first start
// are never in a file, and stay.
import type { HeldApplication } from './held.js';
import type { Scope } from './scope.js';
import { applicationKey, channelKey, groupKey, packageKey, type Key, type Step } from './steps.js';

export function planRemovals(scopes: readonly Scope[], held: readonly HeldApplication[]): Step[] {
  const named = new Set(scopes.map((scope) => scope.held?.application.id));
  const gone = held.filter(({ application }) => !named.has(application.id));
  return [...scopes.flatMap((scope) => removalsWithin(scope)), ...gone.map((one) => removeApplication(one))];
}

function removalsWithin({ wanted, held }: Scope): Step[] {
  if (!held) return [];
  const application = applicationKey(wanted.name);
  const remove = (of: Key, groups: string[], deed: Step['deed']): Step => ({
    sign: '-',
    of,
    application,
    differences: [],
    groups,
    deed,
  });
  const groups = held.groups.filter(
    ({ id, name }) => !wanted.groups.some((group) => group.id === id || group.name === name),
  );
  const channels = held.channels.filter(
    ({ name, arch }) => !wanted.channels.some((channel) => channel.name === name && channel.arch === arch),
  );
  const packages = held.packages.filter(
    ({ version, arch, example }) =>
      !example && !wanted.packages.some((pack) => pack.version === version && pack.arch === arch),
  );
  return [
    ...groups.map(({ id, name }) => remove(groupKey(wanted.name, name), [id], { do: 'delete-group' })),
    ...channels.map(({ name, arch }) => remove(channelKey(wanted.name, name, arch), [], { do: 'delete-channel' })),
    ...packages.map(({ version, arch }) =>
      remove(packageKey(wanted.name, version, arch), [], { do: 'delete-package' }),
    ),
  ];
}

function removeApplication({ application: { name }, groups }: HeldApplication): Step {
  const of = applicationKey(name);
  const ids = groups.map(({ id }) => id);
  return { sign: '-', of, application: of, differences: [], groups: ids, deed: { do: 'delete-application' } };
}
