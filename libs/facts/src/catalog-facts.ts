// What people do: one fact per command, with the actor, the time, before and after.
import { z } from 'zod';
import { ActorKind } from './actor.js';
import { Time } from './identity.js';

export const catalogFactKinds = [
  'ApplicationCreated',
  'ApplicationEdited',
  'ApplicationDeleted',
  'PackageCreated',
  'PackageEdited',
  'PackageDeleted',
  'ChannelCreated',
  'ChannelEdited',
  'PackageAssigned',
  'ChannelDeleted',
  'FloorSet',
  'FloorRemoved',
  'PackageBlacklisted',
  'PackageUnblacklisted',
  'DeadEndMarked',
  'DeadEndCleared',
  'GroupCreated',
  'GroupEdited',
  'GroupPolicySet',
  'GroupPaused',
  'GroupResumed',
  'GroupDeleted',
  'MachineHeld',
  'MachineReleased',
  'MachineForced',
  'ForceLapsed',
  'MachineLabelled',
  'MachineRenamed',
  'MachineDeleted',
  'AttemptCancelled',
  'FailuresForgiven',
] as const;

const Entity = z.record(z.string(), z.json());

export const CatalogFact = z.object({
  kind: z.enum(catalogFactKinds),
  v: z.literal(1),
  app: z.string(),
  /** The machine's id where the fact is of one, else empty. */
  machine: z.string(),
  at: Time,
  n: z.number().int().nonnegative(),
  /** Name of who did it. */
  actor: z.string(),
  /** Absent in facts of before kinds: `toActor` knows what they meant. */
  actorKind: ActorKind.optional(),
  /** The catalog's revision that this change made. */
  revision: z.number().int().positive(),
  /** Id of the entity that changed. */
  subject: z.string(),
  /** Its group, where the subject is or belongs to one. */
  group: z.string().nullable(),
  /** The whole entity before and after; null where it did not exist. */
  before: Entity.nullable(),
  after: Entity.nullable(),
});
export type CatalogFact = z.infer<typeof CatalogFact>;
