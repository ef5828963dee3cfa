// What lists of machines can be filtered and sorted by.
import { z } from 'zod';
import { AnswerReason, Arch } from '@platte/facts';
import { MachineStatus } from '../instances.js';
import { Moment } from '../page.js';
import { Span } from '../timelines.js';

const valuesMax = 50;

/** Several values apart by commas: a machine that has any of them. */
export function anyOf<T extends z.ZodType<string, string>>(item: T) {
  return z
    .string()
    .max(10_000)
    .transform((text) => text.split(','))
    .pipe(z.array(item).min(1).max(valuesMax));
}

const Label = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}(=.{0,256})?$/, 'is a name, or a name and a value with = between');

const sortFields = ['id', 'lastSeen', 'firstSeen', 'version', 'status', 'ip', 'alias'] as const;

export const InstanceSort = z.enum(sortFields.flatMap((field) => [field, `-${field}`] as const));

export const instanceFilters = {
  version: anyOf(z.string().max(255)).optional().describe('Has one of these versions, apart by commas.'),
  status: anyOf(MachineStatus).optional().describe('Has one of these statuses, apart by commas.'),
  reason: anyOf(AnswerReason).optional().describe('Got one of these as its last answer, apart by commas.'),
  arch: Arch.optional().describe('Of this architecture.'),
  channel: z.guid().optional().describe('Offered this channel when they asked last.'),
  oem: z.string().max(64).optional().describe('Of this OEM, such as ami or qemu.'),
  ip: z.string().max(64).optional().describe('Exactly this address.'),
  errorCode: z.string().max(32).optional().describe('The raw code of its last failure.'),
  search: z
    .string()
    .min(1)
    .max(128)
    .optional()
    .describe('A part of id, alias, name that a person gave, or address, in any case.'),
  seenWithin: Span.optional().describe('Seen not longer ago than this, for example 24h.'),
  seenSince: Moment.optional().describe('Last seen at this moment or later.'),
  silentFor: Span.optional().describe('Not seen for at least this long.'),
  notSeenSince: Moment.optional().describe('Last seen before this moment.'),
  label: Label.optional().describe(
    'Has this label: `role=db`, or `role` with any value. Refused when more than 1000 machines have it.',
  ),
};

export const instanceSorting = {
  sort: InstanceSort.default('id').describe('With `-` the other way round: -lastSeen has the newest first.'),
};
