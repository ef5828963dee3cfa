// How a command reaches policy, and what it answers: one NATS request, JSON both ways, plain (no envelope of a framework).
// No answer means that it is not known whether the command was carried out: the sender reads again before it repeats.
import { ActorKind } from '@platte/facts';
import { z } from 'zod';
import { CatalogCommand } from './commands.js';
import { CommandPlan } from './planning.js';
import { rejectionReasons } from './rejection.js';

/** Queue group `policy`: one replica carries it out. */
export const commandSubject = 'platte.catalog.command';

export const CommandRequest = z.object({
  /** Name of who asks, as the audit log shows it. */
  actor: z.string().min(1).max(200),
  /** How the sender authenticated them. Absent from programs of before kinds. */
  actorKind: ActorKind.optional(),
  command: CatalogCommand,
  /** Says what would happen, and does nothing. */
  dryRun: z.boolean().default(false),
});
export type CommandRequest = z.infer<typeof CommandRequest>;

export const LockHolder = z.object({
  pid: z.number().int(),
  application: z.string(),
  user: z.string(),
  state: z.string(),
  /** How long its transaction has been open. */
  openMs: z.number().int(),
});
export type LockHolder = z.infer<typeof LockHolder>;

export const CommandReply = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('done'),
    /** The catalog's revision after it; null where nothing changed, or nothing was to change. */
    revision: z.number().int().positive().nullable(),
    /** The facts that followed, in order: the first one's subject is what the command made or changed. */
    changes: z.array(z.object({ kind: z.string(), subject: z.string(), group: z.string().nullable() })),
    /** Of a dry run. */
    plan: CommandPlan.optional(),
  }),
  z.object({
    status: z.literal('rejected'),
    rejection: z.object({
      rejected: z.enum(rejectionReasons),
      words: z.string(),
      pointer: z.string(),
      uses: z.array(
        z.object({ kind: z.enum(['channel', 'group', 'floor', 'update']), id: z.string(), name: z.string() }),
      ),
    }),
  }),
  /** Policy could not: PostgreSQL is away, somebody keeps a row locked, or it met a mistake of ours. */
  z.object({
    status: z.literal('failed'),
    words: z.string(),
    /** Of a lock that others keep: the connections of PostgreSQL that hold it, as far as they are known. */
    blockedBy: z.array(LockHolder).optional(),
  }),
]);
export type CommandReply = z.infer<typeof CommandReply>;
