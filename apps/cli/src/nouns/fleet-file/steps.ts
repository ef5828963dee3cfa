// What a plan consists of. A step names things that may not exist yet, so it refers to them by key, not by id: an earlier
// step of the same plan may make them.
import type { BodyOf } from '@platte/api-contract';

export type Key = string;

export const applicationKey = (name: string): Key => `application ${name}`;
export const packageKey = (application: string, version: string, arch: string): Key =>
  `package ${version}/${arch} of ${application}`;
export const channelKey = (application: string, name: string, arch: string): Key =>
  `channel ${name}/${arch} of ${application}`;
export const groupKey = (application: string, name: string): Key => `group ${name} of ${application}`;

type Without<Body, Names extends string> = Omit<Body, Names>;

/** What is sent for a step. */
export type Deed =
  | { do: 'create-application'; body: BodyOf<'createApplication'> }
  | { do: 'edit-application'; body: BodyOf<'editApplication'> }
  | { do: 'delete-application' }
  | { do: 'mark-dead-end'; version: string; reason: string }
  | { do: 'clear-dead-end'; version: string }
  | { do: 'create-package'; body: Without<BodyOf<'createPackage'>, 'application'> }
  | { do: 'edit-package'; body: BodyOf<'editPackage'> }
  | { do: 'delete-package' }
  | { do: 'create-channel'; body: Without<BodyOf<'createChannel'>, 'application' | 'package'>; package: Key | null }
  | { do: 'edit-channel'; body: Without<BodyOf<'editChannel'>, 'package'>; package?: Key | null }
  | { do: 'delete-channel' }
  | { do: 'set-floor'; package: Key; reason: string }
  | { do: 'remove-floor'; package: Key }
  | { do: 'blacklist'; package: Key }
  | { do: 'unblacklist'; package: Key }
  | { do: 'create-group'; body: Without<BodyOf<'createGroup'>, 'application' | 'channel'>; channel: Key | null }
  | { do: 'edit-group'; body: Without<BodyOf<'editGroup'>, 'channel'>; channel?: Key | null }
  | { do: 'resume-group'; note: string }
  | { do: 'resume-rollout'; rollout: string; note: string }
  | { do: 'delete-group' };

/** One field that becomes another. */
export interface Difference {
  field: string;
  before: unknown;
  after: unknown;
}

export interface Step {
  sign: '+' | '~' | '-';
  /** What it is about. */
  of: Key;
  application: Key;
  differences: Difference[];
  /** Ids of the groups whose machines may get another answer. */
  groups: string[];
  deed: Deed;
}

/** What stands for a key in the catalog, at the revision that the plan was made from. */
export interface Known {
  id: string;
  revision: number;
}

/** What stays as it is, because people stopped it. */
export interface Kept {
  of: Key;
  why: string;
  /** What the file wants instead; absent where the file says nothing of it. */
  step?: Step;
}

export interface Plan {
  steps: Step[];
  kept: Kept[];
  /** By the names of the file, where it renames something. */
  known: Map<Key, Known>;
  /** What the file does not name, and what therefore stays as it is. */
  left: Key[];
}
