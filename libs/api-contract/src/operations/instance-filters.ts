// What lists of machines can be filtered and sorted by.
import { z } from 'zod';
import { AnswerReason } from '@platte/facts';
import { MachineStatus } from '../instances.js';
import { Span } from '../timelines.js';

export const instanceFilters = {
  version: z.string().max(255).optional().describe('Exactly this version.'),
  status: MachineStatus.optional(),
  reason: AnswerReason.optional().describe('Whose last answer had this reason.'),
  search: z.string().min(1).max(128).optional().describe('Part of the id, alias or address.'),
  seenWithin: Span.optional().describe('Seen not longer ago than this, for example 24h. Default: ever.'),
};
