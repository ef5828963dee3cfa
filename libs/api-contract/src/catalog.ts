// Applications, packages, channels: what people configure, as the API shows it and takes it. Field rules are those of
// the domain (libs/rollout): a value that the API takes is one that policy takes.
// A body that creates has defaults; one that edits (JSON Merge Patch) has none, so that an omitted field changes nothing.
import { z } from 'zod';
import {
  Application as DomainApplication,
  boundedSize,
  Channel as DomainChannel,
  DeadEnd as DomainDeadEnd,
  FlatcarAction,
  Floor as DomainFloor,
  Package as DomainPackage,
  PackageFile,
  Uuid,
} from '@platte/rollout';

/** Raised by every change of the thing: its ETag is this number in quotes. */
export const revision = {
  revision: z.number().int().positive().describe('Raised by every change; send it as If-Match.'),
};

export const Application = DomainApplication.extend(revision).meta({ id: 'Application' });
export type Application = z.infer<typeof Application>;

const application = DomainApplication.shape;

export const CreateApplication = z
  .strictObject({
    id: Uuid.optional().describe('Where machines name a fixed UUID; drawn by Platte otherwise.'),
    name: application.name,
    description: application.description.default(''),
    versioning: application.versioning.default('semver'),
    reboots: application.reboots.default(true),
    productId: application.productId.default(null),
    cloneOf: Uuid.optional().describe('Copies the channels and groups of this application, without packages.'),
  })
  .meta({ id: 'CreateApplication' });

export const EditApplication = z
  .strictObject({
    name: application.name,
    description: application.description,
    versioning: application.versioning,
    reboots: application.reboots,
    productId: application.productId,
  })
  .partial()
  .meta({ id: 'EditApplication' });

export const Package = DomainPackage.extend(revision).meta({ id: 'Package' });
export type Package = z.infer<typeof Package>;

const pack = DomainPackage.shape;
const action = FlatcarAction.shape;

/** The action's one hash is what update_engine checks; the rest has the values that a Flatcar payload usually carries. */
const ActionBody = z.strictObject({
  sha256: action.sha256,
  disablePayloadBackoff: action.disablePayloadBackoff.default(true),
  isDelta: action.isDelta.default(false),
  needsAdmin: action.needsAdmin.default(false),
  displayVersion: action.displayVersion.default(null),
  metadataSignatureRsa: action.metadataSignatureRsa.default(null),
  metadataSize: action.metadataSize.default(null),
  deadline: action.deadline.default(null),
});

const file = PackageFile.shape;
const FileBody = z.strictObject({
  name: file.name,
  size: boundedSize,
  sha1: file.sha1.default(null),
  sha256: file.sha256.default(null),
});

export const CreatePackage = z
  .strictObject({
    application: Uuid,
    version: pack.version,
    arch: pack.arch,
    type: pack.type.default('flatcar'),
    url: pack.url,
    filename: pack.filename,
    size: boundedSize,
    sha1: pack.sha1.default(null),
    sha256: pack.sha256.default(null),
    description: pack.description.default(''),
    files: z.array(FileBody).max(64).default([]),
    action: ActionBody.nullable().default(null),
  })
  .meta({ id: 'CreatePackage' });

export const EditPackage = z
  .strictObject({
    type: pack.type,
    url: pack.url,
    filename: pack.filename,
    size: boundedSize,
    sha1: pack.sha1,
    sha256: pack.sha256,
    description: pack.description,
    files: z
      .array(z.strictObject({ ...file, size: boundedSize }))
      .max(64)
      .describe('Replaces the whole list.'),
    action: z.strictObject(action).partial().nullable(),
  })
  .partial()
  .meta({ id: 'EditPackage' });

export const Floor = DomainFloor.meta({ id: 'Floor' });
export const DeadEnd = DomainDeadEnd.meta({ id: 'DeadEnd' });

export const Channel = DomainChannel.extend({
  ...revision,
  floors: z.array(Floor).describe('Versions that every machine below them must pass through.'),
  blacklist: z.array(z.string()).describe('Packages that this channel never offers.'),
}).meta({ id: 'Channel' });
export type Channel = z.infer<typeof Channel>;

const channel = DomainChannel.shape;

export const CreateChannel = z
  .strictObject({
    application: Uuid,
    name: channel.name,
    color: channel.color.default('#8a8f98'),
    arch: channel.arch,
    package: channel.package.default(null),
  })
  .meta({ id: 'CreateChannel' });

export const EditChannel = z
  .strictObject({ name: channel.name, color: channel.color, package: channel.package })
  .partial()
  .meta({ id: 'EditChannel' });

export const SetFloor = z.strictObject({ reason: DomainFloor.shape.reason.default('') }).meta({ id: 'SetFloor' });
export const MarkDeadEnd = z.strictObject({ reason: DomainDeadEnd.shape.reason }).meta({ id: 'MarkDeadEnd' });
