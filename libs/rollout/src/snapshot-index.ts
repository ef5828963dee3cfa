// A snapshot prepared for judging, once per snapshot: lookups by (track, arch), versions parsed, floors in order. What
// is remembered here besides (verdicts per version, the hours of this minute) is a bounded cache of pure functions: it
// can be thrown away at any time and changes no answer.
import type { Arch } from '@platte/facts';
import type { Application, Package } from './catalog.js';
import type { Judgement } from './judgement.js';
import { placesMax, toSaltSeed } from './place.js';
import type { ApplicationSnapshot } from './snapshot.js';
import { compareVersions, parseVersion, type Version } from './version.js';

export type SnapshotGroup = ApplicationSnapshot['groups'][number];
export type SnapshotChannel = ApplicationSnapshot['channels'][number];

export interface IndexedPackage {
  readonly package: Package;
  readonly version: Version;
  /** Why machines must pass through it; null when it is no floor of the channel. */
  readonly floorReason: string | null;
  readonly isBlacklisted: boolean;
}

/** What a version alone decides in a group: the final answer, or the package that comes next for it. */
export type Verdict = { kind: 'answer'; judgement: Judgement } | { kind: 'offer'; next: IndexedPackage };

export interface IndexedGroup {
  readonly group: SnapshotGroup;
  readonly application: Application;
  readonly channel: SnapshotChannel | null;
  readonly rollout: SnapshotGroup['rollout'];
  /** The channel's package. */
  readonly target: IndexedPackage | null;
  /** The floors at or below the target, ascending; the target itself comes last, once, floor or not. */
  readonly steps: readonly IndexedPackage[];
  readonly deadEnds: readonly { version: Version; reason: string }[];
  readonly held: ReadonlyMap<string, string>;
  readonly forced: ReadonlyMap<string, number>;
  /** Machines with a place below are in the open waves. */
  readonly openPlaces: number;
  readonly saltSeed: number;
  readonly verdicts: Map<string, Verdict>;
  hours: { from: number; to: number; judgement: Judgement | null };
}

export interface SnapshotIndex {
  readonly snapshot: ApplicationSnapshot;
  readonly groups: ReadonlyMap<string, IndexedGroup>;
  readonly tracks: ReadonlyMap<string, TrackGroups>;
}

/** The groups of one track: one per arch, or one without a channel for whoever is left. */
type TrackGroups = Partial<Record<Arch | 'none', IndexedGroup>>;

export function indexSnapshot(snapshot: ApplicationSnapshot): SnapshotIndex {
  const shared = indexShared(snapshot);
  const groups = new Map<string, IndexedGroup>();
  const tracks = new Map<string, TrackGroups>();
  for (const group of snapshot.groups) {
    const indexed = indexGroup(group, snapshot, shared);
    groups.set(group.id, indexed);
    const track = tracks.get(group.track) ?? {};
    track[indexed.channel?.arch ?? 'none'] = indexed;
    tracks.set(group.track, track);
  }
  return { snapshot, groups, tracks };
}

/**
 * The group that a track leads to: of the machine's arch, else of `all`, else the one that has no channel yet. Case counts, and
 * the old group ids of Flatcar are names by now (`resolveTrack` of omaha).
 */
export function findGroup(index: SnapshotIndex, track: string, arch: Arch): IndexedGroup | undefined {
  const groups = index.tracks.get(track);
  return groups && (groups[arch] ?? groups.all ?? groups.none);
}

type Shared = Pick<IndexedGroup, 'deadEnds' | 'held' | 'forced'> & { packages: ReadonlyMap<string, Package> };

function indexShared(snapshot: ApplicationSnapshot): Shared {
  return {
    packages: new Map(snapshot.packages.map((pkg) => [pkg.id, pkg])),
    deadEnds: snapshot.deadEnds.flatMap(({ version: text, reason }) => {
      const version = parseVersion(text, snapshot.application.versioning);
      return version === null ? [] : [{ version, reason }];
    }),
    held: new Map(snapshot.held.map(({ machine, note }) => [machine, note])),
    forced: new Map(snapshot.forced.map(({ machine, until }) => [machine, until])),
  };
}

function indexGroup(group: SnapshotGroup, snapshot: ApplicationSnapshot, shared: Shared): IndexedGroup {
  const { application } = snapshot;
  const channel = snapshot.channels.find((channel) => channel.id === group.channel) ?? null;
  const target = channel?.package ? indexPackage(channel.package, channel, shared, application) : null;
  const { rollout } = group;
  return {
    group,
    application,
    channel,
    rollout,
    target,
    steps: channel && target ? indexSteps(channel, target, shared, application) : [],
    deadEnds: shared.deadEnds,
    held: shared.held,
    forced: shared.forced,
    openPlaces: rollout?.waves[rollout.openWave - 1]?.places ?? placesMax,
    saltSeed: toSaltSeed(rollout?.salt ?? ''),
    verdicts: new Map(),
    hours: { from: 0, to: 0, judgement: null },
  };
}

function indexSteps(
  channel: SnapshotChannel,
  target: IndexedPackage,
  shared: Shared,
  application: Application,
): IndexedPackage[] {
  const floors = channel.floors
    .flatMap((floor) => indexPackage(floor.package, channel, shared, application) ?? [])
    .filter((floor) => compareVersions(floor.version, target.version) < 0)
    .toSorted((a, b) => compareVersions(a.version, b.version));
  return [...floors, target];
}

function indexPackage(
  id: string,
  channel: SnapshotChannel,
  shared: Shared,
  application: Application,
): IndexedPackage | null {
  const pkg = shared.packages.get(id);
  const version = pkg ? parseVersion(pkg.version, application.versioning) : null;
  if (!pkg || !version) return null;
  const floorReason = channel.floors.find((floor) => floor.package === id)?.reason ?? null;
  return { package: pkg, version, floorReason, isBlacklisted: channel.blacklist.includes(id) };
}
