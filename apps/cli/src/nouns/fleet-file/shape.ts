// fleet.yaml: the whole catalog as a file. Things are named as people name them (a package by its version and arch, a channel
// by its name and arch, a group by its name), so that the same file fits any platform. What a file leaves out stays as it
// is; a list of floors, blacklisted packages or dead ends that is there is the whole list.
import {
  CreateApplication,
  CreateChannel,
  CreateGroup,
  CreatePackage,
  EditApplication,
  EditChannel,
  EditGroup,
  EditPackage,
} from '@platte/api-contract';
import { findHidden } from '@platte/rollout';
import { z } from 'zod';
import { CliError } from '../cli-error.js';
import type { YamlText } from '../yaml-text.js';

const arch = CreateChannel.shape.arch.default('amd64');
const version = CreatePackage.shape.version;
const reason = z.string().max(500);

const FilePackage = z.strictObject({ version, arch, ...EditPackage.shape });

const FileChannel = z.strictObject({
  name: CreateChannel.shape.name,
  arch,
  color: EditChannel.shape.color,
  /** The version that it offers, of its own arch. */
  package: version.nullable().optional(),
  floors: z.array(z.strictObject({ version, reason: reason.default('') })).optional(),
  blacklist: z.array(version).optional(),
});

const FileGroup = z.strictObject({
  id: CreateGroup.shape.id,
  name: CreateGroup.shape.name,
  description: EditGroup.shape.description,
  track: EditGroup.shape.track,
  /** `name/arch`, or the name alone where one channel has it. */
  channel: z.string().nullable().optional(),
  policy: EditGroup.shape.policy,
});

const FileApplication = z.strictObject({
  ...EditApplication.shape,
  id: CreateApplication.shape.id,
  name: CreateApplication.shape.name,
  deadEnds: z.array(z.strictObject({ version, reason: reason.min(1) })).optional(),
  packages: z.array(FilePackage).default([]),
  channels: z.array(FileChannel).default([]),
  groups: z.array(FileGroup).default([]),
});

const FleetFile = z.strictObject({ applications: z.array(FileApplication) });

export type FilePackage = z.infer<typeof FilePackage>;
export type FileChannel = z.infer<typeof FileChannel>;
export type FileGroup = z.infer<typeof FileGroup>;
export type FileApplication = z.infer<typeof FileApplication>;
export type FleetFile = z.infer<typeof FleetFile>;

/** @throws CliError with every field that is wrong, where it is */
export function parseFleetFile({ value, point }: YamlText, file: string): FleetFile {
  const hidden = findHidden(value).map(({ path, words }) => point(path, words));
  if (hidden.length > 0) throw new CliError(`${file} is not a fleet file:\n${hidden.join('\n')}`);
  const parsed = FleetFile.safeParse(value);
  if (!parsed.success) {
    const wrong = parsed.error.issues.flatMap((issue) => describe(issue, point));
    throw new CliError(`${file} is not a fleet file:\n${wrong.join('\n')}`);
  }
  const twins = findTwins(parsed.data);
  if (twins.length > 0)
    throw new CliError(`${file} names the same thing twice:\n${twins.map((twin) => `  ${twin}`).join('\n')}`);
  return parsed.data;
}

function describe(issue: z.core.$ZodIssue, point: YamlText['point']): string[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => point(issue.path, 'is not known here', key));
  const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  return [point(issue.path, isMissing ? `is missing: ${issue.expected} expected` : issue.message)];
}

function findTwins({ applications }: FleetFile): string[] {
  const keys = applications.flatMap(({ name, packages, channels, groups }) => [
    `application ${name}`,
    ...packages.map((one) => `package ${one.version}/${one.arch} of ${name}`),
    ...channels.map((one) => `channel ${one.name}/${one.arch} of ${name}`),
    ...groups.map((one) => `group ${one.name} of ${name}`),
  ]);
  return [...new Set(keys.filter((key, at) => keys.indexOf(key) !== at))];
}
