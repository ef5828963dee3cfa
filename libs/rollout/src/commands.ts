// What people do to the catalog: one command per deed, refused with a named reason or turned into facts.
//
// `seen` is the revision of the thing (the first id that the command names) that its sender saw: when it changed since,
// the command is refused. An edit changes what it names and leaves the rest: an omitted field is never a false.
import { z } from 'zod';
import { Application, Channel, DeadEnd, FlatcarAction, Floor, Group, Package, PackageFile, Uuid } from './catalog.js';
import { boundedSize } from './bounds.js';
import { PolicyChanges } from './policy-changes.js';

const application = Application.shape;
const pack = Package.shape;
const channel = Channel.shape;
const group = Group.shape;
const seen = z.number().int().positive().optional();
/** Why, in a person's words: kept with the fact. */
const cause = z.string().max(500).default('');
const Machine = z.string().min(1).max(128);

export const ApplicationCommand = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('CreateApplication'),
    /** Where machines name a fixed UUID; drawn otherwise. So for everything that is created. */
    id: Uuid.optional(),
    name: application.name,
    description: application.description.optional(),
    versioning: application.versioning.optional(),
    reboots: application.reboots.optional(),
    productId: application.productId.default(null),
    /** Copies its channels and groups, packages left out. */
    cloneOf: Uuid.optional(),
  }),
  z.strictObject({
    kind: z.literal('EditApplication'),
    application: Uuid,
    seen,
    changes: z.strictObject(application).omit({ id: true }).partial(),
  }),
  z.strictObject({ kind: z.literal('DeleteApplication'), application: Uuid, seen }),
  z.strictObject({
    kind: z.literal('MarkDeadEnd'),
    application: Uuid,
    version: DeadEnd.shape.version,
    reason: DeadEnd.shape.reason,
  }),
  z.strictObject({ kind: z.literal('ClearDeadEnd'), application: Uuid, version: z.string().max(255) }),
  z.strictObject({ kind: z.literal('RemoveExamplePackages'), application: Uuid }),
]);
export type ApplicationCommand = z.infer<typeof ApplicationCommand>;

/** The attributes that a Flatcar payload usually carries are the defaults. */
const NewAction = z.strictObject({
  ...FlatcarAction.shape,
  disablePayloadBackoff: z.boolean().default(true),
  isDelta: z.boolean().default(false),
  needsAdmin: z.boolean().default(false),
  displayVersion: FlatcarAction.shape.displayVersion.default(null),
  metadataSignatureRsa: FlatcarAction.shape.metadataSignatureRsa.default(null),
  metadataSize: FlatcarAction.shape.metadataSize.default(null),
  deadline: FlatcarAction.shape.deadline.default(null),
});
const NewFile = z.strictObject({
  ...PackageFile.shape,
  size: boundedSize,
  sha1: PackageFile.shape.sha1.default(null),
  sha256: PackageFile.shape.sha256.default(null),
});
const files = z.array(NewFile).max(64);

export const PackageCommand = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('CreatePackage'),
    application: Uuid,
    id: Uuid.optional(),
    version: pack.version,
    arch: pack.arch,
    type: pack.type.default('flatcar'),
    url: pack.url,
    filename: pack.filename,
    size: boundedSize,
    sha1: pack.sha1.default(null),
    sha256: pack.sha256.default(null),
    description: pack.description.default(''),
    files: files.default([]),
    action: NewAction.nullable().default(null),
    example: z.boolean().default(false),
  }),
  z.strictObject({
    kind: z.literal('EditPackage'),
    application: Uuid,
    package: Uuid,
    seen,
    // Version and arch are what a package is: another one is another package.
    changes: z
      .strictObject({ ...pack, size: boundedSize, files, action: NewAction.nullable() })
      .omit({ id: true, application: true, version: true, arch: true, example: true })
      .partial(),
  }),
  z.strictObject({ kind: z.literal('DeletePackage'), application: Uuid, package: Uuid, seen }),
]);
export type PackageCommand = z.infer<typeof PackageCommand>;

const channelPackage = { application: Uuid, channel: Uuid, package: Uuid, seen };

export const ChannelCommand = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('CreateChannel'),
    application: Uuid,
    id: Uuid.optional(),
    name: channel.name,
    color: channel.color.default('#8a8f98'),
    arch: channel.arch,
    package: Uuid.nullable().default(null),
  }),
  z.strictObject({
    kind: z.literal('EditChannel'),
    application: Uuid,
    channel: Uuid,
    seen,
    changes: z.strictObject({ name: channel.name, color: channel.color, package: Uuid.nullable() }).partial(),
  }),
  z.strictObject({
    kind: z.literal('AssignPackage'),
    application: Uuid,
    channel: Uuid,
    package: Uuid.nullable(),
    seen,
  }),
  z.strictObject({ kind: z.literal('DeleteChannel'), application: Uuid, channel: Uuid, seen }),
  z.strictObject({ kind: z.literal('SetFloor'), ...channelPackage, reason: Floor.shape.reason.default('') }),
  z.strictObject({ kind: z.literal('RemoveFloor'), ...channelPackage }),
  z.strictObject({ kind: z.literal('BlacklistPackage'), ...channelPackage }),
  z.strictObject({ kind: z.literal('UnblacklistPackage'), ...channelPackage }),
]);
export type ChannelCommand = z.infer<typeof ChannelCommand>;

const ofGroup = { application: Uuid, group: Uuid, seen };

export const GroupCommand = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('CreateGroup'),
    application: Uuid,
    id: Uuid.optional(),
    name: group.name,
    description: group.description.default(''),
    /** Without one the group's id is its track, as machines that say GROUP=<uuid> expect. */
    track: group.track.optional(),
    channel: Uuid.nullable().default(null),
    policy: PolicyChanges.default({}),
  }),
  z.strictObject({
    kind: z.literal('EditGroup'),
    ...ofGroup,
    changes: z
      .strictObject({
        name: group.name,
        description: group.description,
        track: group.track,
        channel: Uuid.nullable(),
        policy: PolicyChanges,
      })
      .partial(),
  }),
  z.strictObject({ kind: z.literal('SetGroupPolicy'), ...ofGroup, policy: PolicyChanges }),
  z.strictObject({ kind: z.literal('PauseGroup'), ...ofGroup, cause }),
  z.strictObject({ kind: z.literal('ResumeGroup'), ...ofGroup, cause }),
  z.strictObject({ kind: z.literal('DeleteGroup'), ...ofGroup }),
]);
export type GroupCommand = z.infer<typeof GroupCommand>;

export const RolloutCommand = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('StartRollout'), ...ofGroup, cause }),
  z.strictObject({ kind: z.literal('PauseRollout'), ...ofGroup, cause }),
  z.strictObject({ kind: z.literal('ResumeRollout'), ...ofGroup, cause }),
  z.strictObject({ kind: z.literal('HaltRollout'), ...ofGroup, cause }),
  /** A rule's, after a count: it names the rollout that was counted, as another one may have started since. */
  z.strictObject({ kind: z.literal('FinishRollout'), ...ofGroup, rollout: Uuid, cause }),
]);
export type RolloutCommand = z.infer<typeof RolloutCommand>;

const ofMachine = { application: Uuid, machine: Machine };
const LabelKey = z
  .string()
  .max(63)
  .regex(/^[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?$/);

export const MachineCommand = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('HoldMachine'), ...ofMachine, note: z.string().max(500).default('') }),
  z.strictObject({ kind: z.literal('ReleaseMachine'), ...ofMachine }),
  z.strictObject({ kind: z.literal('ForceMachine'), ...ofMachine }),
  z.strictObject({
    kind: z.literal('EditMachine'),
    ...ofMachine,
    name: z.string().max(256).optional(),
    /** Changes the keys that it names; null takes one away. */
    labels: z.record(LabelKey, z.string().max(256).nullable()).optional(),
  }),
  z.strictObject({ kind: z.literal('DeleteMachine'), ...ofMachine }),
  z.strictObject({ kind: z.literal('CancelAttempt'), ...ofMachine, cause }),
  z.strictObject({ kind: z.literal('ForgiveFailures'), ...ofMachine, cause }),
]);
export type MachineCommand = z.infer<typeof MachineCommand>;

export const CatalogCommand = z.discriminatedUnion('kind', [
  ApplicationCommand,
  PackageCommand,
  ChannelCommand,
  GroupCommand,
  RolloutCommand,
  MachineCommand,
]);
export type CatalogCommand = z.infer<typeof CatalogCommand>;

/** What is sent: defaults left out. */
export type CatalogCommandInput = z.input<typeof CatalogCommand>;
