// One application of a plan: what the file wants, and what the catalog holds.
import type { HeldApplication } from './held.js';
import type { FileApplication } from './shape.js';

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
