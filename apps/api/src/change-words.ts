// What a change of the catalog says to people. The activity feed shows those that have words here; the audit log shows all.
import type { CatalogFact, RolloutFact } from '@platte/facts';
import type { ChangeView } from '@platte/state-store';

type Kind = CatalogFact['kind'] | RolloutFact['kind'];
type Words = (change: ChangeView) => string;

/** `name` of the thing, as it is or was. */
const named = ({ after, before }: ChangeView): string => String((after ?? before)?.['name'] ?? 'without a name');
const version = ({ after, before }: ChangeView): string => String((after ?? before)?.['toVersion'] ?? '');

const words: Partial<Record<Kind, Words>> = {
  ApplicationCreated: (change) => `Application ${named(change)} was created`,
  ApplicationDeleted: (change) => `Application ${named(change)} was deleted`,
  PackageCreated: ({ after }) => `Package ${String(after?.['version'])} for ${String(after?.['arch'])} was created`,
  PackageDeleted: ({ before }) => `Package ${String(before?.['version'])} for ${String(before?.['arch'])} was deleted`,
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

export const activityKinds = Object.keys(words);

export function toChangeWords(change: ChangeView): string {
  const sentence = new Map<string, Words>(Object.entries(words)).get(change.kind)?.(change) ?? change.kind;
  return change.cause === '' ? `${sentence}.` : `${sentence}: ${change.cause}.`;
}
