// What happened, who did it, what could not be read, and how the platform is.
import { z } from 'zod';
import { actorFields } from './actor.js';
import { Instant } from './page.js';
import { Entity } from './problem.js';

/** What the feed tells: what people and rules did, and what went wrong with machines. The audit log has all changes. */
export const activityKinds = [
  'ApplicationCreated',
  'ApplicationDeleted',
  'PackageCreated',
  'PackageDeleted',
  'ChannelCreated',
  'ChannelDeleted',
  'PackageAssigned',
  'FloorSet',
  'FloorRemoved',
  'PackageBlacklisted',
  'PackageUnblacklisted',
  'DeadEndMarked',
  'DeadEndCleared',
  'GroupCreated',
  'GroupDeleted',
  'GroupPolicySet',
  'GroupPaused',
  'GroupResumed',
  'RolloutStarted',
  'RolloutPaused',
  'RolloutResumed',
  'RolloutHalted',
  'RolloutSuperseded',
  'RolloutFinished',
  'MachineHeld',
  'MachineReleased',
  'MachineForced',
  'MachineDeleted',
  'AttemptCancelled',
  'FailuresForgiven',
  'MachineFailed',
  'MachineRolledBack',
  'MachineTimedOut',
  'PackageMissing',
  'HistoryDiffered',
] as const;
export type ActivityKind = (typeof activityKinds)[number];

export const Activity = z
  .object({
    id: z.string(),
    at: Instant,
    kind: z
      .string()
      .describe('What happened: RolloutStarted, RolloutHalted, GroupPaused, MachineFailed, PackageMissing…'),
    application: z.string(),
    group: z.string().nullable(),
    subject: z.string().describe('Id of what it is about: a rollout, a machine, a channel…'),
    ...actorFields,
    words: z.string().describe('What happened, for people.'),
  })
  .meta({ id: 'Activity' });
export type Activity = z.infer<typeof Activity>;

/** One change of the catalog or of who may do what. */
export const Change = z
  .object({
    id: z.string(),
    at: Instant,
    ...actorFields,
    kind: z.string().describe('The fact: GroupPaused, PackageCreated, TokenRevoked…'),
    revision: z.number().int().nullable().describe('The catalog’s revision that it made; null for tokens.'),
    application: z.string().nullable(),
    group: z.string().nullable(),
    subject: z.string().describe('Id of what changed; a machine’s id for what was done to a machine.'),
    note: z.string().describe('Why, in the words of who did it.'),
    before: Entity.nullable(),
    after: Entity.nullable(),
  })
  .meta({ id: 'Change' });
export type Change = z.infer<typeof Change>;

/** What one program refused within a second: how many of each reason, and some samples. */
export const RefusedReport = z
  .object({
    at: Instant,
    program: z.string(),
    counts: z.record(z.string(), z.number().int()).describe('By reason.'),
    samples: z.array(
      z.object({
        reason: z.string(),
        at: Instant,
        ip: z.string(),
        detail: z.string().describe('What was wrong and with what: an excerpt of the request.'),
      }),
    ),
  })
  .meta({ id: 'RefusedReport' });
export type RefusedReport = z.infer<typeof RefusedReport>;

/** A message of the log that a consumer could not apply; it holds nobody up. */
export const ParkedMessage = z
  .object({
    id: z.number().int(),
    consumer: z.string(),
    reason: z.string(),
    sequence: z.number().int().describe('Its number in the log.'),
    storedAt: Instant,
    parkedAt: Instant,
    bytes: z.number().int(),
    excerpt: z.string().describe('Its first thousand characters.'),
  })
  .meta({ id: 'ParkedMessage' });
export type ParkedMessage = z.infer<typeof ParkedMessage>;

export const LostChange = z
  .object({
    at: Instant,
    ...actorFields,
    kind: z.string().describe('The fact of the change: GroupPaused, MachineHeld, PackageAssigned…'),
    application: z.string(),
    group: z.string().nullable(),
    instance: z.string().describe('The machine’s id; empty where it is of none.'),
    subject: z.string().describe('Id of what changed.'),
    applies: z.boolean().describe('Whether `apply` makes it again; else a person has to, by hand or from a file.'),
    outcome: z.string().nullable().describe('`applied`, or why it was refused; null: not tried yet.'),
  })
  .meta({ id: 'LostChange' });
export type LostChange = z.infer<typeof LostChange>;

/** PostgreSQL was restored from a backup that is older than the log. */
export const Restore = z
  .object({
    state: z
      .enum(['none', 'learning', 'waiting'])
      .describe('none: grants are made; learning: grants that PostgreSQL forgot are read; waiting: for `apply`.'),
    foundAt: Instant.nullable(),
    since: Instant.nullable().describe('What PostgreSQL knew ends about here; null: it is not known.'),
    grants: z.number().int().describe('Learnt from the log.'),
    ends: z.number().int().describe('Of grants, learnt from the log.'),
    unlogged: z.number().int().describe('Grants that only the answers to machines told of.'),
    changes: z.array(LostChange).describe('Of people, in the order in which they are applied.'),
  })
  .meta({ id: 'Restore' });
export type Restore = z.infer<typeof Restore>;

export const Health = z
  .object({
    status: z.enum(['ok', 'degraded']),
    checks: z
      .record(z.string(), z.object({ status: z.enum(['ok', 'failed']) }))
      .describe('Details are at /readyz of the internal port: here anybody may ask.'),
  })
  .meta({ id: 'Health' });
export type Health = z.infer<typeof Health>;

export const Version = z
  .object({ version: z.string(), api: z.literal('v1'), node: z.string() })
  .meta({ id: 'Version' });
