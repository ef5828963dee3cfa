// Machines, as the API shows them: the row of a list, one machine whole, its history, and why it was not updated.
import { z } from 'zod';
import { AnswerInputs, AnswerReason, Arch, LeaseOutcome } from '@platte/facts';
import { machineStatuses } from '@platte/fleet';
import { actorFields } from './actor.js';
import { Instant } from './page.js';

export const MachineStatus = z.enum(machineStatuses);
export type MachineStatus = z.infer<typeof MachineStatus>;

const Inputs = AnswerInputs.extend({ deadline: Instant.optional().describe('When the lease ends.') });

/** An answer in full: the reason, what the rule saw, and when it would change by itself. */
export const AnswerView = z
  .object({
    reason: AnswerReason,
    words: z.string().describe('The same for people.'),
    inputs: Inputs,
    until: Instant.nullable().describe('When the answer would change by itself; null when that is not known.'),
  })
  .meta({ id: 'Answer' });
export type AnswerView = z.infer<typeof AnswerView>;

const seen = {
  id: z.string().describe('As the machine reported it.'),
  application: z.string(),
  group: z.string().nullable(),
  channel: z.string().nullable(),
  version: z.string(),
  status: MachineStatus,
  arch: Arch,
  alias: z.string(),
  ip: z.string(),
  oem: z.string(),
  firstSeen: Instant.nullable(),
  lastSeen: Instant.nullable(),
};

/** A row of a list or search: from the history's current state, exact to the last check-in. */
export const InstanceSummary = z
  .object({ ...seen, reason: AnswerReason.nullable().describe('Of the last answer; null when it never asked.') })
  .meta({ id: 'InstanceSummary' });
export type InstanceSummary = z.infer<typeof InstanceSummary>;

/** A machine's way through one grant: it holds a slot while it is leased. */
export const Attempt = z
  .object({
    rollout: z.string(),
    package: z.string(),
    fromVersion: z.string(),
    toVersion: z.string(),
    number: z.number().int().describe('The grant’s number in its group, from 1.'),
    forced: z.boolean(),
    stage: z
      .enum(['leased', 'installed', 'settled', 'ended'])
      .describe(
        'leased holds a slot; installed waits for its reboot; settled has waited so long that it blocks nothing.',
      ),
    grantedAt: Instant,
    deadline: Instant.nullable().describe('When its stage ends by itself.'),
    downloadingAt: Instant.nullable(),
    downloadedAt: Instant.nullable(),
    installedAt: Instant.nullable(),
    endedAt: Instant.nullable(),
    outcome: LeaseOutcome.nullable(),
    cause: z.string().nullable(),
  })
  .meta({ id: 'Attempt' });
export type Attempt = z.infer<typeof Attempt>;

export const Instance = z
  .object({
    ...seen,
    oemVersion: z.string(),
    aleph: z.string(),
    bootId: z.string(),
    isCloned: z
      .boolean()
      .describe(
        'Several machines use its id: boots of it spoke in turns within its last week. false while history is away.',
      ),
    testSource: z
      .string()
      .describe('What it says that it is a test of: no statistics count it. Empty where it is an ordinary machine.'),
    track: z.string().describe('What it said last, also when that leads to no group.'),
    attempt: Attempt.nullable().describe('Its newest grant, open or ended; null when it was never granted an update.'),
    answer: AnswerView.extend({ at: Instant }).nullable().describe('The last answer; null when it never asked.'),
    labels: z.record(z.string(), z.string()),
    held: z.string().nullable().describe('The note of the person that holds it.'),
    forcedUntil: Instant.nullable(),
  })
  .meta({ id: 'Instance' });
export type Instance = z.infer<typeof Instance>;

/** Who brought an answer about. */
export const Decision = z
  .object({
    kind: z.string().describe('The change, as in the audit log: `GroupPaused`, `RolloutHalted`.'),
    ...actorFields,
    at: Instant,
    note: z.string().describe('Why, in their words; of a rule which one, and what it saw.'),
  })
  .meta({ id: 'Decision' });
export type Decision = z.infer<typeof Decision>;

export const WhyAnswer = z
  .object({
    instance: z.string(),
    application: z.string(),
    group: z.string().nullable(),
    version: z.string(),
    at: Instant.describe('When the machine asked.'),
    answer: AnswerView,
    decided: Decision.optional().describe(
      'With updates-disabled, rollout-paused, rollout-halted and held: who decided so, and when. Absent where the log has no such change.',
    ),
  })
  .meta({ id: 'WhyAnswer' });
export type WhyAnswer = z.infer<typeof WhyAnswer>;

/** One thing that a machine reported or that was decided about it, newest first. */
export const HistoryItem = z
  .object({
    at: Instant,
    kind: z.enum(['check-in', 'event', 'grant', 'lease-end', 'deletion']),
    version: z.string().describe('The version it reported then.'),
    group: z.string().nullable(),
    channel: z.string().nullable(),
    status: MachineStatus.nullable().describe('The status that this brought; null when it brought none.'),
    words: z.string().describe('What happened, for people.'),
    reason: AnswerReason.nullable().describe('Of the answer; null when it did not ask.'),
    inputs: Inputs.nullable().describe('What the rule saw that answered.'),
    event: z
      .object({
        type: z.number().int(),
        result: z.number().int(),
        errorCode: z.string().describe('Raw, as the machine sent it.'),
        previousVersion: z.string(),
      })
      .nullable(),
    toVersion: z.string().nullable(),
    outcome: LeaseOutcome.nullable(),
    repeats: z.number().int().describe('Check-ins in a row that changed nothing, this one included.'),
  })
  .meta({ id: 'HistoryItem' });
export type HistoryItem = z.infer<typeof HistoryItem>;

const LabelName = z
  .string()
  .max(63)
  .regex(/^[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?$/);
export const EditInstance = z
  .strictObject({
    alias: z.string().max(256).describe('Overrules the name that the machine reports; empty gives that back.'),
    labels: z
      .record(LabelName, z.string().max(256).nullable())
      .describe('A merge patch: null removes a label, what is left out stays.'),
  })
  .partial()
  .meta({ id: 'EditInstance' });
