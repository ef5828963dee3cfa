// Channels of the plan: what they offer, their floors and their blacklist.
import { CliError } from '../cli-error.js';
import { groupsOf, type Scope } from './scope.js';
import type { FileChannel } from './shape.js';
import { applicationKey, channelKey, packageKey, type Difference, type Key, type Step } from './steps.js';

type Held = NonNullable<Scope['held']>;
type HeldChannel = Held['channels'][number];

export function planChannels(scope: Scope): Step[] {
  return scope.wanted.channels.flatMap((wanted) => planChannel(wanted, scope));
}

function planChannel(wanted: FileChannel, scope: Scope): Step[] {
  const found = scope.held?.channels.find(({ name, arch }) => name === wanted.name && arch === wanted.arch);
  const marks = planMarks(wanted, found, scope);
  return [...marks.before, ...planFields(wanted, found, scope), ...marks.after];
}

function planFields(wanted: FileChannel, found: HeldChannel | undefined, scope: Scope): Step[] {
  const { name, arch, color } = wanted;
  const base = toBase(wanted, found, scope);
  const offered = wanted.package === undefined ? undefined : toPackageKey(wanted.package, wanted, scope);
  if (!found) {
    const body = { name, arch, ...(color !== undefined && { color }) };
    return [{ ...base, sign: '+', differences: [], deed: { do: 'create-channel', body, package: offered ?? null } }];
  }
  const differences: Difference[] = [];
  const isPainted = color !== undefined && color !== found.color;
  if (isPainted) differences.push({ field: 'color', before: found.color, after: color });
  const before = versionOf(found.package, scope);
  const isAssigned = offered !== undefined && before !== wanted.package;
  if (isAssigned) differences.push({ field: 'package', before, after: wanted.package });
  if (differences.length === 0) return [];
  const deed = {
    do: 'edit-channel',
    body: isPainted ? { color } : {},
    ...(isAssigned && { package: offered }),
  } as const;
  return [{ ...base, sign: '~', differences, groups: isAssigned ? base.groups : [], deed }];
}

/** What must be done before the package is assigned, and what can only be done afterwards. */
function planMarks(
  wanted: FileChannel,
  found: HeldChannel | undefined,
  scope: Scope,
): { before: Step[]; after: Step[] } {
  const base = toBase(wanted, found, scope);
  const floors = new Map((found?.floors ?? []).map((floor) => [versionOf(floor.package, scope), floor.reason]));
  const listed = new Set((found?.blacklist ?? []).map((id) => versionOf(id, scope)));
  const mark = (sign: Step['sign'], word: string, version: string, deed: Step['deed']): Step => ({
    ...base,
    sign,
    of: `${word} ${version} in ${base.of}`,
    differences: [],
    deed,
  });
  const keyOf = (version: string): Key => toPackageKey(version, wanted, scope);
  const gone = (old: Iterable<string | null>, kept: readonly string[] | undefined): string[] =>
    kept === undefined
      ? []
      : [...old].filter((version): version is string => version !== null && !kept.includes(version));
  return {
    before: [
      ...gone(listed, wanted.blacklist).map((version) =>
        mark('-', 'blacklisting', version, { do: 'unblacklist', package: keyOf(version) }),
      ),
      ...gone(
        floors.keys(),
        wanted.floors?.map(({ version }) => version),
      ).map((version) => mark('-', 'floor', version, { do: 'remove-floor', package: keyOf(version) })),
    ],
    after: [
      ...(wanted.floors ?? [])
        .filter(({ version, reason }) => floors.get(version) !== reason)
        .map(({ version, reason }) =>
          mark(floors.has(version) ? '~' : '+', 'floor', version, { do: 'set-floor', package: keyOf(version), reason }),
        ),
      ...(wanted.blacklist ?? [])
        .filter((version) => !listed.has(version))
        .map((version) => mark('+', 'blacklisting', version, { do: 'blacklist', package: keyOf(version) })),
    ],
  };
}

function toBase({ name, arch }: FileChannel, found: HeldChannel | undefined, { wanted, held }: Scope) {
  return {
    of: channelKey(wanted.name, name, arch),
    application: applicationKey(wanted.name),
    groups: found ? groupsOf(held, [found.id]) : [],
  };
}

function versionOf(id: string | null, { held }: Scope): string | null {
  return held?.packages.find((pack) => pack.id === id)?.version ?? null;
}

/** @throws CliError when nobody knows the package */
function toPackageKey(version: string, channel: FileChannel, scope: Scope): Key;
function toPackageKey(version: string | null, channel: FileChannel, scope: Scope): Key | null;
function toPackageKey(version: string | null, { name, arch }: FileChannel, { wanted, held }: Scope): Key | null {
  if (version === null) return null;
  const known = [...wanted.packages, ...(held?.packages ?? [])];
  if (known.some((pack) => pack.version === version && pack.arch === arch))
    return packageKey(wanted.name, version, arch);
  throw new CliError(
    `Channel ${name}/${arch} of ${wanted.name} names package ${version}, which is neither in the file nor in the catalog for ${arch}.`,
  );
}
