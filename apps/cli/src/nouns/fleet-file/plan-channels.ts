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

interface Marks {
  before: Step[];
  after: Step[];
}

/**
 * Marks that protect machines are set before the channel offers something else, where they can be; those that let machines go
 * are taken away after it. A new channel has no machines, and gets all of them after it is made.
 */
function planMarks(wanted: FileChannel, found: HeldChannel | undefined, scope: Scope): Marks {
  const base = toBase(wanted, found, scope);
  const { name, arch } = wanted;
  const mark = (sign: Step['sign'], word: string, version: string, deed: MarkDeed): Step => {
    const known = { ...deed, package: toPackageKey(version, { name, arch }, scope) };
    return { ...base, sign, of: `${word} ${version} in ${base.of}`, differences: [], deed: known };
  };
  const floors = new Map((found?.floors ?? []).map(({ package: id, reason }) => [versionOf(id, scope), reason]));
  const listed = new Set((found?.blacklist ?? []).map((id) => versionOf(id, scope)));
  const wantedFloors = wanted.floors ?? [];
  const fresh = (wanted.blacklist ?? []).filter((version) => !listed.has(version));
  const isFree = (version: string): boolean =>
    version !== versionOf(found?.package ?? null, scope) && !floors.has(version);
  const set = wantedFloors
    .filter(({ version, reason }) => floors.get(version) !== reason)
    .map(({ version, reason }) => mark(floors.has(version) ? '~' : '+', 'floor', version, { do: 'set-floor', reason }));
  const list = (versions: string[]): Step[] =>
    versions.map((version) => mark('+', 'blacklisting', version, { do: 'blacklist' }));
  const unlisted = gone(listed, wanted.blacklist).map((version) =>
    mark('-', 'blacklisting', version, { do: 'unblacklist' }),
  );
  const removed = gone(
    floors.keys(),
    wanted.floors?.map(({ version }) => version),
  ).map((version) => mark('-', 'floor', version, { do: 'remove-floor' }));
  if (!found) return { before: [], after: [...set, ...list(fresh)] };
  return {
    before: [...unlisted, ...set, ...list(fresh.filter((version) => isFree(version)))],
    after: [...removed, ...list(fresh.filter((version) => !isFree(version)))],
  };
}

type MarkDeed =
  | { do: 'set-floor'; reason: string }
  | { do: 'remove-floor' }
  | { do: 'blacklist' }
  | { do: 'unblacklist' };

/** What is there and no longer wanted; nothing where the file does not name the list. */
function gone(held: Iterable<string | null>, kept: readonly string[] | undefined): string[] {
  if (kept === undefined) return [];
  return [...held].filter((version): version is string => version !== null && !kept.includes(version));
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

type ChannelName = Pick<FileChannel, 'name' | 'arch'>;

/** @throws CliError when nobody knows the package */
function toPackageKey(version: string, channel: ChannelName, scope: Scope): Key;
function toPackageKey(version: string | null, channel: ChannelName, scope: Scope): Key | null;
function toPackageKey(version: string | null, { name, arch }: ChannelName, { wanted, held }: Scope): Key | null {
  if (version === null) return null;
  const known = [...wanted.packages, ...(held?.packages ?? [])];
  if (known.some((pack) => pack.version === version && pack.arch === arch))
    return packageKey(wanted.name, version, arch);
  throw new CliError(
    `Channel ${name}/${arch} of ${wanted.name} names package ${version}, which is neither in the file nor in the catalog for ${arch}.`,
  );
}
