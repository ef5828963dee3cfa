// One application of a plan: what the file wants, and what the catalog holds.
import type { HeldApplication } from './held.js';
import type { FileApplication, FileGroup } from './shape.js';
import { applicationKey, channelKey, groupKey, packageKey, type Key, type Known } from './steps.js';

export interface Scope {
  wanted: FileApplication;
  /** Nothing where the application is new. */
  held: HeldApplication | undefined;
}

/** Ids of the groups that follow one of these channels. */
export function groupsOf(held: HeldApplication | undefined, channels: readonly string[]): string[] {
  return (held?.groups ?? [])
    .filter(({ channel }) => channel !== null && channels.includes(channel))
    .map(({ id }) => id);
}

/** A group by its id, where the file gives one: so it can be renamed. */
export function findHeldGroup(held: HeldApplication | undefined, { id, name }: FileGroup) {
  return held?.groups.find((group) => group.id === id) ?? held?.groups.find((group) => group.name === name);
}

export function toKnown({ wanted, held }: Scope): [Key, Known][] {
  if (!held) return [];
  const renamed = wanted.groups.flatMap((group): [Key, Known][] => {
    const found = findHeldGroup(held, group);
    return found ? [[groupKey(wanted.name, group.name), found]] : [];
  });
  return [...toHeldKeys(held, wanted.name), ...renamed];
}

export function toHeldKeys(held: HeldApplication, name = held.application.name): [Key, Known][] {
  return [
    [applicationKey(name), held.application],
    ...held.packages.map((one): [Key, Known] => [packageKey(name, one.version, one.arch), one]),
    ...held.channels.map((one): [Key, Known] => [channelKey(name, one.name, one.arch), one]),
    ...held.groups.map((one): [Key, Known] => [groupKey(name, one.name), one]),
  ];
}
