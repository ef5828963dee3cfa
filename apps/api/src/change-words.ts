// What a change of the catalog says to people, in the activity feed. The audit log shows all changes, without words.
import type { ActivityKind } from '@platte/api-contract';
import type { ChangeView } from '@platte/state-store';

type Kind = Exclude<
  ActivityKind,
  'MachineFailed' | 'MachineRolledBack' | 'MachineTimedOut' | 'PackageMissing' | 'HistoryDiffered'
>;
type Words = (change: ChangeView) => string;

/** `name` of the thing, as it is or was. */
const named = (change: ChangeView): string => textOf(change, 'name') || 'without a name';
const version = (change: ChangeView): string => textOf(change, 'toVersion');
const described = (change: ChangeView): string => `${textOf(change, 'version')} for ${textOf(change, 'arch')}`;

function textOf({ after, before }: ChangeView, field: string): string {
  const value = (after ?? before)?.[field];
  return typeof value === 'string' ? value : '';
}

const words: Record<Kind, Words> = {
  ApplicationCreated: (change) => `Application ${named(change)} was created`,
  ApplicationDeleted: (change) => `Application ${named(change)} was deleted`,
  PackageCreated: (change) => `Package ${described(change)} was created`,
  PackageDeleted: (change) => `Package ${described(change)} was deleted`,
  ChannelCreated: (change) => `Channel ${named(change)} was created`,
  ChannelDeleted: (change) => `Channel ${named(change)} was deleted`,
  PackageAssigned: (change) => `Channel ${named(change)} got another package`,
  FloorSet: () => 'A floor was set',
  FloorRemoved: () => 'A floor was removed',
  PackageBlacklisted: () => 'A package was blacklisted',
  PackageUnblacklisted: () => 'A package was taken off the blacklist',
  DeadEndMarked: ({ subject }) => `Version ${subject} was marked as a dead end`,
  DeadEndCleared: ({ subject }) => `Version ${subject} is no dead end any more`,
  GroupCreated: (change) => `Group ${named(change)} was created`,
  GroupDeleted: (change) => `Group ${named(change)} was deleted`,
  GroupPolicySet: (change) => `The policy of group ${named(change)} was changed`,
  GroupPaused: (change) => `Updates of group ${named(change)} were paused`,
  GroupResumed: (change) => `Updates of group ${named(change)} were resumed`,
  RolloutStarted: (change) => `The rollout of ${version(change)} started`,
  RolloutPaused: (change) => `The rollout of ${version(change)} was paused`,
  RolloutResumed: (change) => `The rollout of ${version(change)} was resumed`,
  RolloutHalted: (change) => `The rollout of ${version(change)} was halted`,
  RolloutSuperseded: (change) => `The rollout of ${version(change)} was superseded`,
  RolloutFinished: (change) => `The rollout of ${version(change)} is finished`,
  MachineHeld: ({ machine }) => `Machine ${machine} is held`,
  MachineReleased: ({ machine }) => `Machine ${machine} was released`,
  MachineForced: ({ machine }) => `Machine ${machine} is forced`,
  MachineDeleted: ({ machine }) => `Machine ${machine} was deleted`,
  AttemptCancelled: ({ machine }) => `The update of machine ${machine} was cancelled`,
  FailuresForgiven: ({ machine }) => `The failures of machine ${machine} were forgiven`,
};

export function toChangeWords(change: ChangeView): string {
  const sentence = new Map<string, Words>(Object.entries(words)).get(change.kind)?.(change) ?? change.kind;
  return change.cause === '' ? `${sentence}.` : `${sentence}: ${change.cause}.`;
}
