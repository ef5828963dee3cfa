// The catalog's nouns: what people configure. PostgreSQL is their authority; everybody else holds copies.
import { z } from 'zod';
import { ActorKind, Arch, Time } from '@platte/facts';

export const Uuid = z.guid().transform((id) => id.toLowerCase());

/** Reverse-domain, two segments at least: `io.example.agent`. Unique without regard to case. */
const ProductId = z
  .string()
  .max(155)
  .regex(/^[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)+$/);

export const Application = z.object({
  id: Uuid,
  name: z.string().min(1).max(50),
  description: z.string().max(1000),
  versioning: z.enum(['semver', 'dotted']),
  /** Whether machines reboot into an update; without reboots a 3/1 completes it. */
  reboots: z.boolean(),
  productId: ProductId.nullable(),
});
export type Application = z.infer<typeof Application>;

const Sha1Base64 = z.string().regex(/^[A-Za-z0-9+/]{27}=$/);
const Sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);
const Sha256Base64 = z.string().regex(/^[A-Za-z0-9+/]{43}=$/);
/** A payload's file name: what every client can append to a codebase (no slash, no `..`). */
const Filename = z
  .string()
  .max(250)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._+~-]*$/)
  .refine((name) => !name.includes('..'));
/** An absolute http(s) base that ends in `/`, without query or fragment. */
const Codebase = z
  .string()
  .max(256)
  .regex(/^https?:\/\/[^\s?#"<>]+\/$/);
const Size = z.number().int().positive();

export const PackageFile = z.object({
  name: Filename,
  size: Size,
  sha1: Sha1Base64.nullable(),
  sha256: Sha256Hex.nullable(),
});
export type PackageFile = z.infer<typeof PackageFile>;

/** The postinstall action of a Flatcar payload. `sha256` is base64, the one hash update_engine checks. */
export const FlatcarAction = z.object({
  sha256: Sha256Base64,
  disablePayloadBackoff: z.boolean(),
  isDelta: z.boolean(),
  needsAdmin: z.boolean(),
  displayVersion: z.string().max(100).nullable(),
  metadataSignatureRsa: z.string().max(1000).nullable(),
  metadataSize: z.string().max(20).nullable(),
  deadline: z.string().max(50).nullable(),
});
export type FlatcarAction = z.infer<typeof FlatcarAction>;

export const Package = z.object({
  id: Uuid,
  application: Uuid,
  version: z.string().min(1).max(255),
  arch: Arch,
  type: z.enum(['flatcar', 'docker', 'rocket', 'other']),
  url: Codebase,
  filename: Filename,
  size: Size,
  sha1: Sha1Base64.nullable(),
  sha256: Sha256Hex.nullable(),
  description: z.string().max(1000),
  files: z.array(PackageFile).max(64),
  action: FlatcarAction.nullable(),
  /** Made by `platte up` for a first look: its payload does not exist, and no real machine may be offered it. */
  example: z.boolean(),
});
export type Package = z.infer<typeof Package>;

export const Channel = z.object({
  id: Uuid,
  application: Uuid,
  name: z.string().min(1).max(50),
  color: z.string().regex(/^#[0-9a-f]{6}$/),
  /** Never changes. */
  arch: Arch,
  package: Uuid.nullable(),
});
export type Channel = z.infer<typeof Channel>;

export const Floor = z.object({ package: Uuid, reason: z.string().max(500) });
export type Floor = z.infer<typeof Floor>;

/** Minutes since midnight in the group's zone; `to` is exclusive and above `from`. Days are ISO: 1 is Monday. */
export const WeeklyWindow = z.object({
  days: z.array(z.number().int().min(1).max(7)).min(1).max(7),
  from: z.number().int().min(0).max(1439),
  to: z.number().int().min(1).max(1440),
});
export type WeeklyWindow = z.infer<typeof WeeklyWindow>;

/** Whole days in the group's zone, both included: `2026-12-20`. */
export const Freeze = z.object({ from: z.iso.date(), to: z.iso.date(), note: z.string().max(200) });
export type Freeze = z.infer<typeof Freeze>;

export const Policy = z.object({
  updatesEnabled: z.boolean(),
  /** At most `max` grants in any window of `periodMs`: a true sliding window, exact. */
  rateLimit: z.object({ max: z.number().int().positive(), periodMs: z.number().int().min(1000) }).nullable(),
  /** At most so many leases open at once; null with a rate limit means the rate limit's `max`. */
  concurrencyLimit: z.number().int().positive().nullable(),
  updateTimeoutMs: z.number().int().min(60_000),
  safeMode: z.boolean(),
  /** `office` is Mon-Fri 09:00-17:00; `windows` are the group's own. */
  hours: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('always') }),
    z.object({ kind: z.literal('office') }),
    z.object({ kind: z.literal('windows'), windows: z.array(WeeklyWindow).min(1).max(50) }),
  ]),
  /** IANA name. Windows and freezes are read in it. */
  timezone: z.string().min(1).max(40),
  freezes: z.array(Freeze).max(50),
  allowDowngrade: z.boolean(),
  /** Seconds sent to machines as `PollInterval`; null is automatic. */
  pollIntervalSeconds: z.number().int().min(60).max(86_400).nullable(),
  /** Back-off after a failure, doubling per attempt up to `backoffMaxMs`; quarantine after so many failures of one version. */
  backoffMs: z.number().int().nonnegative(),
  backoffMaxMs: z.number().int().nonnegative(),
  quarantineAfter: z.number().int().positive(),
});
export type Policy = z.infer<typeof Policy>;

export const defaultPolicy: Policy = {
  updatesEnabled: true,
  rateLimit: null,
  concurrencyLimit: null,
  updateTimeoutMs: 3_600_000,
  safeMode: false,
  hours: { kind: 'always' },
  timezone: 'UTC',
  freezes: [],
  allowDowngrade: false,
  pollIntervalSeconds: null,
  backoffMs: 3_600_000,
  backoffMaxMs: 86_400_000,
  quarantineAfter: 3,
};

export const Group = z.object({
  id: Uuid,
  application: Uuid,
  name: z.string().min(1).max(50),
  description: z.string().max(250),
  /** What machines say to land here; (application, track, arch) leads to exactly one group. */
  track: z.string().min(1).max(256),
  channel: Uuid.nullable(),
  policy: Policy,
});
export type Group = z.infer<typeof Group>;

/** A person's stop of a group. It stands beside the policy's `updatesEnabled`: both must allow updates. */
export const GroupStop = z.object({
  /** Who paused the group. */
  actor: z.object({ kind: ActorKind, name: z.string() }),
  at: Time,
  /** Why, in their words. */
  note: z.string(),
  /** Resuming also sets the policy's `updatesEnabled`: this pause was made before stops existed, and cleared it. */
  switchesOn: z.boolean(),
});
export type GroupStop = z.infer<typeof GroupStop>;

/** A version that may not be updated from. */
export const DeadEnd = z.object({ version: z.string().min(1).max(255), reason: z.string().min(1).max(500) });
export type DeadEnd = z.infer<typeof DeadEnd>;

/** A share of the group (cumulative, in hundredths of a percent), and what opens the next one. */
export const Wave = z.object({
  places: z.number().int().min(1).max(10_000),
  soakMs: z.number().int().nonnegative(),
  successPercent: z.number().min(0).max(100),
  errorPercent: z.number().min(0).max(100),
  errorCountMin: z.number().int().nonnegative(),
  needsApproval: z.boolean(),
});
export type Wave = z.infer<typeof Wave>;

export const rolloutStates = ['running', 'paused', 'halted', 'finished', 'superseded'] as const;

export const Rollout = z.object({
  id: Uuid,
  group: Uuid,
  package: Uuid,
  toVersion: z.string(),
  state: z.enum(rolloutStates),
  /** Why it is in its state, in words for people. */
  cause: z.string(),
  salt: z.string(),
  waves: z.array(Wave).min(1),
  /** Number of the open wave, from 1. */
  openWave: z.number().int().positive(),
  startedAt: Time,
  /** Until then leases of the rollout before it may be open: machines that only the wave stops go on to policy. */
  earlierLeasesUntil: Time,
});
export type Rollout = z.infer<typeof Rollout>;
