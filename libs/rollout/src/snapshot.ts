// What judging needs of one application: one value in the catalog bucket, followed in memory by ingress and policy.
// A newer value replaces the application at once; a command whose snapshot would pass 512 KiB is refused.
import { z } from 'zod';
import { Time } from '@platte/facts';
import { Application, Channel, DeadEnd, Floor, Group, Package, Rollout } from './catalog.js';

export const snapshotBytesMax = 512 * 1024;

/**
 * While a group is stopped, its `policy.updatesEnabled` is false in the snapshot: programs that do not know stops refuse
 * its machines too. What the policy itself says is here.
 */
export const SnapshotStop = z.object({
  /** Name of who paused the group. */
  actor: z.string(),
  at: Time,
  note: z.string(),
  policyEnabled: z.boolean(),
});
export type SnapshotStop = z.infer<typeof SnapshotStop>;

export const ApplicationSnapshot = z.object({
  /** Raised when an older program could not read it rightly; additions that an older one may ignore do not raise it. */
  format: z.literal(1),
  /** The catalog's revision: one number over all applications, so that the newest of two snapshots is known. */
  revision: z.number().int().positive(),
  application: Application,
  /** Only those that channels, floors and blacklists name. */
  packages: z.array(Package),
  channels: z.array(Channel.extend({ floors: z.array(Floor), blacklist: z.array(z.string()) })),
  groups: z.array(
    Group.extend({
      /** Bumped under the group's row lock by whatever can change its answers. */
      revision: z.number().int().positive(),
      rollout: Rollout.nullable(),
      /** Absent in snapshots of a policy that does not know stops. */
      stop: SnapshotStop.nullable().default(null),
    }),
  ),
  deadEnds: z.array(DeadEnd),
  /** Machines held by a person, and machines that a person forces: bounded sets. */
  held: z.array(z.object({ machine: z.string(), note: z.string() })),
  forced: z.array(z.object({ machine: z.string(), until: Time })),
});
export type ApplicationSnapshot = z.infer<typeof ApplicationSnapshot>;
