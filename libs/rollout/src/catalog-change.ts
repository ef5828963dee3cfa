// What a command changes: a fact before it is stamped with actor, time and revision. `before` and `after` are the whole
// thing; null where it did not exist, or exists no more.
import type { Actor, CatalogFact, Position, RolloutFact } from '@platte/facts';
import type { Application, Channel, DeadEnd, Group, GroupStop, Package, Rollout } from './catalog.js';
import { isSame } from './edit.js';
import type { Blacklisting, Card, ChannelFloor, Force, Hold } from './catalog-marks.js';

type ChangeOf<Name extends string, Kind extends CatalogFact['kind'], Entity> = {
  of: Name;
  kind: Kind;
  application: string;
  /** The group that the subject is or belongs to. */
  group: string | null;
  /** The machine's id; '' where the change is of none. */
  machine: string;
  subject: string;
  cause: string;
  before: Entity | null;
  after: Entity | null;
};

export type CatalogChange =
  | ChangeOf<'application', 'ApplicationCreated' | 'ApplicationEdited' | 'ApplicationDeleted', Application>
  | ChangeOf<'package', 'PackageCreated' | 'PackageEdited' | 'PackageDeleted', Package>
  | ChangeOf<'channel', 'ChannelCreated' | 'ChannelEdited' | 'PackageAssigned' | 'ChannelDeleted', Channel>
  | ChangeOf<'floor', 'FloorSet' | 'FloorRemoved', ChannelFloor>
  | ChangeOf<'blacklisting', 'PackageBlacklisted' | 'PackageUnblacklisted', Blacklisting>
  | ChangeOf<'dead-end', 'DeadEndMarked' | 'DeadEndCleared', DeadEnd>
  | ChangeOf<'group', 'GroupCreated' | 'GroupEdited' | 'GroupPolicySet' | 'GroupDeleted', Group>
  | StopChange
  | ChangeOf<'hold', 'MachineHeld' | 'MachineReleased', Hold>
  | ChangeOf<'force', 'MachineForced' | 'ForceLapsed', Force>
  | ChangeOf<'card', 'MachineLabelled' | 'MachineRenamed', Card>
  | ChangeOf<'machine', 'MachineDeleted' | 'AttemptCancelled' | 'FailuresForgiven', never>
  | RolloutChange;

/** The group is told along, so that whoever reads the change need not know it. */
export type StopChange = ChangeOf<'stop', 'GroupPaused' | 'GroupResumed', Group & { stop: GroupStop | null }>;

export interface RolloutChange {
  of: 'rollout';
  kind: RolloutFact['kind'];
  application: string;
  group: string;
  machine: '';
  subject: string;
  cause: string;
  before: Rollout | null;
  after: Rollout;
}

/** Who did it, and the revision that it made. */
export interface Stamp {
  actor: Actor;
  revision: number;
  position: () => Position;
}

export function toFact(change: CatalogChange, { actor, revision, position }: Stamp): CatalogFact | RolloutFact {
  const { at, n } = position();
  const by = { actor: actor.name, actorKind: actor.kind };
  const { application: app, subject, before, after } = change;
  if (change.of === 'rollout') {
    const { kind, group, cause, after: rollout } = change;
    const { package: pack, toVersion } = rollout;
    return { kind, v: 1, app, machine: '', at, n, group, rollout: subject, package: pack, toVersion, ...by, cause };
  }
  const { kind, machine, group } = change;
  return { kind, v: 1, app, machine, at, n, ...by, revision, subject, group, before, after };
}

/**
 * The groups whose answers a change can change, and whose revision it bumps: all of the application's, those on a channel, those on
 * a channel that names a package, one.
 */
export type Touched = { kind: 'none' } | { kind: 'all' } | { kind: 'channel' | 'package' | 'group'; id: string };

export function groupsTouched(change: CatalogChange): Touched {
  if (change.of !== 'group' && isWordsOnly(change)) return { kind: 'none' };
  switch (change.of) {
    case 'application':
    case 'dead-end':
      return { kind: 'all' };
    case 'package':
      return change.kind === 'PackageEdited' ? { kind: 'package', id: change.subject } : { kind: 'none' };
    case 'channel':
    case 'floor':
    case 'blacklisting':
      return { kind: 'channel', id: change.subject };
    case 'group':
    case 'stop':
      return { kind: 'group', id: change.subject };
    case 'rollout':
      return { kind: 'group', id: change.group };
    // Policy reads holds and forces itself, under the group's lock.
    case 'hold':
    case 'force':
    case 'card':
    case 'machine':
      return { kind: 'none' };
    default:
      return change satisfies never;
  }
}

/** What people call a thing is in no machine's answer. */
export function isWordsOnly({ before, after }: CatalogChange): boolean {
  if (before === null || after === null) return false;
  const words = { name: '', description: '', color: '' };
  return isSame({ ...before, ...words }, { ...after, ...words });
}
