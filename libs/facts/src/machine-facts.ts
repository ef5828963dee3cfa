// What machines told us, what we answered, and what policy decided of one machine.
import { z } from 'zod';
import { Answer } from './answer.js';
import { Position, Time } from './identity.js';

export const Arch = z.enum(['amd64', 'arm64', 'x86', 'all']);
export type Arch = z.infer<typeof Arch>;

/** What every fact of a machine carries, so that whoever reads it needs nothing else. */
const machineFact = {
  v: z.literal(1),
  /** The application's UUID: lower case, no braces. */
  app: z.string(),
  /** The machine's id as it reported it; longer than 128 characters it is replaced by its hash. */
  machine: z.string(),
  at: Time,
  n: z.number().int().nonnegative(),
  /** The version the machine reported, as reported; '' when it reported none. */
  version: z.string(),
  group: z.string().nullable(),
  channel: z.string().nullable(),
  arch: Arch,
  /** The group's rollout at that time. */
  rollout: z.string().nullable(),
  /** Whether the application's machines reboot into an update: if not, 3/1 completes it. */
  reboots: z.boolean(),
  oem: z.string(),
  /** `dev`, `qa`, `prober`…: the request, or the one that opened the attempt, was a test's; statistics leave it out. Absent: no test's. */
  testSource: z.string().optional(),
};

/** One app of one request: what the machine says of itself, and the answer if it asked. */
export const MachineCheckedIn = z.object({
  kind: z.literal('MachineCheckedIn'),
  ...machineFact,
  /** As the machine sent it, also when it leads to no group. */
  track: z.string(),
  ip: z.string(),
  alias: z.string(),
  oemVersion: z.string(),
  aleph: z.string(),
  bootId: z.string(),
  ping: z.boolean(),
  /** 3/2 without a real previous version: update_engine puts one into every check. It is not a success. */
  heartbeat: z.boolean(),
  /** `scheduler`, `ondemandupdate`…: statistics only. */
  source: z.string(),
  /** Absent when the request asked for no update: a ping or events alone. */
  answer: Answer.optional(),
});
export type MachineCheckedIn = z.infer<typeof MachineCheckedIn>;

/** One event of one app of one request, known or not. The heartbeat is no event: it is a flag of the check-in. */
export const EventReported = z.object({
  kind: z.literal('EventReported'),
  ...machineFact,
  type: z.number().int(),
  result: z.number().int(),
  /** The raw error code as text, at most 32 characters; '' when none was sent. */
  errorCode: z.string(),
  previousVersion: z.string(),
  bootId: z.string(),
});
export type EventReported = z.infer<typeof EventReported>;

/** A syncer's check: another update server that mirrors us. Without status and without machine number. */
export const SyncerCheckedIn = z.object({
  kind: z.literal('SyncerCheckedIn'),
  ...machineFact,
  track: z.string(),
  ip: z.string(),
  canReadSeveralManifests: z.boolean(),
  answer: Answer.optional(),
});
export type SyncerCheckedIn = z.infer<typeof SyncerCheckedIn>;

export const UpdateGranted = z.object({
  kind: z.literal('UpdateGranted'),
  ...machineFact,
  /** The check-in that opened the attempt. */
  attempt: Position,
  package: z.string(),
  toVersion: z.string(),
  /** The grant's number in its group, from 1. */
  number: z.number().int().positive(),
  grantedAt: Time,
  deadline: Time,
  forced: z.boolean(),
});
export type UpdateGranted = z.infer<typeof UpdateGranted>;

/**
 * How a lease or an attempt ended. `installed` frees the slot while the attempt stays open (the machine waits for its
 * reboot); `passed` is an upgrade beyond the granted version: an end, but no success of that version.
 */
export const leaseOutcomes = [
  'installed',
  'complete',
  'passed',
  'failed',
  'rolled-back',
  'timed-out',
  'cancelled',
] as const;
export const LeaseOutcome = z.enum(leaseOutcomes);
export type LeaseOutcome = z.infer<typeof LeaseOutcome>;

export const LeaseEnded = z.object({
  kind: z.literal('LeaseEnded'),
  ...machineFact,
  attempt: Position,
  package: z.string(),
  toVersion: z.string(),
  outcome: LeaseOutcome,
  /** In words for people: `deadline passed while the group was paused`, `error 9: download transfer error`. */
  cause: z.string(),
});
export type LeaseEnded = z.infer<typeof LeaseEnded>;

export const MachineFact = z.discriminatedUnion('kind', [
  MachineCheckedIn,
  EventReported,
  SyncerCheckedIn,
  UpdateGranted,
  LeaseEnded,
]);
export type MachineFact = z.infer<typeof MachineFact>;
