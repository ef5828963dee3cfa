// Options that several commands share.
import type { OptionSpec } from '../option-spec.js';
import { toWhole } from '../field-values.js';

export const ofApp: OptionSpec = {
  flags: '--app <application>',
  about: 'only of this application (id, name or product id)',
};
export const inApp: OptionSpec = {
  flags: '--app <application>',
  about: 'in this application; not needed where there is only one',
};
export const ofGroup: OptionSpec = { flags: '--group <group>', about: 'only of this group (id, name or track)' };
export const note: OptionSpec = { flags: '-m, --note <text>', about: 'why, for the audit log and for whoever asks' };
export const fromFile: OptionSpec = {
  flags: '-f, --file <file>',
  about: 'fields from a YAML or JSON file, - for stdin; options are above it',
};
export const rows: OptionSpec = {
  flags: '--limit <n>',
  about: 'at most so many, 0 for all',
  parse: toWhole,
};

export const archs = ['amd64', 'arm64', 'x86', 'all'] as const;

/** Of a group or an application; `part.ts` reads them. */
export const part: readonly OptionSpec[] = [
  { flags: '--channel <channel>', about: 'only of this channel: its id, name, or name/arch' },
  { flags: '--arch <arch>', about: 'only of this one', choices: archs },
  { flags: '--oem <oem>', about: 'only of this platform: ami, qemu' },
];
export const activityWindow: OptionSpec = {
  flags: '--window <span>',
  about: 'a machine counts for so long after it was seen: 1d unless given, and not less',
};

export const groupArgument = ['<group>', 'its id, name, track, or track/arch'] as const;
export const appArgument = ['<application>', 'its id, name or product id'] as const;
export const packageArgument = ['<package>', 'its id, version, or version/arch'] as const;
export const channelArgument = ['<channel>', 'its id, name, or name/arch'] as const;
export const machineArguments = ['<machines...>', 'ids as the machines report them'] as const;
