// The planner: what would have to be done so that the catalog is what a file says. Pure: the same file and catalog give the
// same plan, and a catalog that is what the file says gives an empty one.
//
// The order of the steps is the one in which each of them can be done: what is referred to comes before what refers to it,
// what is taken away comes after what referred to it, and within a channel a package leaves the blacklist before it is
// offered and enters it after it is not. What people stopped stays stopped (keep-stops.ts). What protects machines (dead ends, the policy of a group, floors) is set before what they
// are offered changes; what lets them go (a floor removed, a group moved, resumed or created) comes after it.
import { CliError } from '../cli-error.js';
import { findDifferences, pickChanged, withoutUndefined } from './differences.js';
import type { HeldApplication } from './held.js';
import { keepStops } from './keep-stops.js';
import { planChannels } from './plan-channels.js';
import { planGroupPlaces, planGroupRules } from './plan-groups.js';
import { planRemovals } from './plan-removals.js';
import { groupsOf, toHeldKeys, toKnown, type Scope } from './scope.js';
import type { FileApplication, FilePackage, FleetFile } from './shape.js';
import { applicationKey, packageKey, type Plan, type Step } from './steps.js';

export interface PlanOptions {
  /** Delete what the file does not name. */
  prune: boolean;
  /** Resume what people stopped in the groups that the file names, for this reason; null: it stays. */
  resumePaused: string | null;
}

/** @throws CliError when the file refers to what is neither in it nor in the catalog */
export function makePlan(file: FleetFile, held: readonly HeldApplication[], options: PlanOptions): Plan {
  const { prune, resumePaused } = options;
  const scopes = file.applications.map((wanted): Scope => ({ wanted, held: findHeld(wanted, held) }));
  const steps = scopes.flatMap((scope) => [
    ...planApplication(scope),
    ...scope.wanted.packages.flatMap((pack) => planPackage(pack, scope)),
    ...planDeadEnds(scope),
    ...planGroupRules(scope),
    ...planChannels(scope),
    ...planGroupPlaces(scope),
  ]);
  const removals = planRemovals(scopes, held);
  // Later ones overrule: a name of the file stands for what the file names.
  const known = new Map([...held.flatMap((one) => toHeldKeys(one)), ...scopes.flatMap((scope) => toKnown(scope))]);
  const stopped = keepStops(prune ? [...steps, ...removals] : steps, scopes, held, resumePaused);
  return { ...stopped, known, left: prune ? [] : removals.map(({ of }) => of) };
}

function findHeld({ id, name }: FileApplication, held: readonly HeldApplication[]): HeldApplication | undefined {
  return (
    held.find(({ application }) => application.id === id) ?? held.find(({ application }) => application.name === name)
  );
}

function planApplication({ wanted, held }: Scope): Step[] {
  const { id, name, description, versioning, reboots, productId } = wanted;
  const of = applicationKey(name);
  const fields = withoutUndefined({ name, description, versioning, reboots, productId });
  if (!held) {
    const body = { ...withoutUndefined({ id }), ...fields, name };
    return [{ sign: '+', of, application: of, differences: [], groups: [], deed: { do: 'create-application', body } }];
  }
  if (id !== undefined && id !== held.application.id)
    throw new CliError(
      `Application ${name} has the id ${held.application.id}, the file says ${id}: an id never changes.`,
    );
  const differences = findDifferences(fields, held.application);
  if (differences.length === 0) return [];
  const isJudged = differences.some(({ field }) => field === 'versioning' || field === 'reboots');
  const groups = isJudged ? held.groups.map((group) => group.id) : [];
  const body = pickChanged(fields, held.application);
  return [{ sign: '~', of, application: of, differences, groups, deed: { do: 'edit-application', body } }];
}

function planPackage(wanted: FilePackage, { wanted: { name }, held }: Scope): Step[] {
  const of = packageKey(name, wanted.version, wanted.arch);
  const application = applicationKey(name);
  const found = held?.packages.find(({ version, arch }) => version === wanted.version && arch === wanted.arch);
  if (!found) {
    const { url, filename, size, ...rest } = wanted;
    if (url === undefined || filename === undefined || size === undefined)
      throw new CliError(`${of} is new: it needs url, filename and size.`);
    const { action, ...words } = withoutUndefined(rest);
    if (action && action.sha256 === undefined) throw new CliError(`${of} is new: its action needs sha256.`);
    const body = {
      ...words,
      url,
      filename,
      size,
      ...(action !== undefined && { action: action && { ...action, sha256: action.sha256 ?? '' } }),
    };
    return [{ sign: '+', of, application, differences: [], groups: [], deed: { do: 'create-package', body } }];
  }
  const { version: _, arch: __, ...fields } = wanted;
  const differences = findDifferences(fields, found);
  if (differences.length === 0) return [];
  const channels = held?.channels.filter(
    (one) => one.package === found.id || one.floors.some((floor) => floor.package === found.id),
  );
  const groups = groupsOf(
    held,
    (channels ?? []).map(({ id }) => id),
  );
  return [
    { sign: '~', of, application, differences, groups, deed: { do: 'edit-package', body: pickChanged(fields, found) } },
  ];
}

function planDeadEnds({ wanted, held }: Scope): Step[] {
  if (wanted.deadEnds === undefined) return [];
  const application = applicationKey(wanted.name);
  const groups = (held?.groups ?? []).map(({ id }) => id);
  const before = held?.deadEnds ?? [];
  const base = { application, groups };
  const marked = wanted.deadEnds
    .filter(({ version, reason }) => !before.some((one) => one.version === version && one.reason === reason))
    .map(({ version, reason }): Step => {
      const old = before.find((one) => one.version === version);
      const differences = old ? [{ field: 'reason', before: old.reason, after: reason }] : [];
      const of = `dead end ${version} of ${wanted.name}`;
      return { ...base, sign: old ? '~' : '+', of, differences, deed: { do: 'mark-dead-end', version, reason } };
    });
  const cleared = before
    .filter(({ version }) => !wanted.deadEnds?.some((one) => one.version === version))
    .map(({ version }): Step => {
      const of = `dead end ${version} of ${wanted.name}`;
      return { ...base, sign: '-', of, differences: [], deed: { do: 'clear-dead-end', version } };
    });
  return [...marked, ...cleared];
}
