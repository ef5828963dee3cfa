// What a command would change: the answer to `?dryRun=true`.
import { z } from 'zod';
import { Change } from './system.js';

export const Plan = z
  .object({
    changes: z
      .array(
        Change.pick({
          kind: true,
          application: true,
          group: true,
          subject: true,
          note: true,
          before: true,
          after: true,
        }),
      )
      .describe('As the audit log would show them. Ids of what would be created are drawn anew when it is done.'),
    omitted: z.number().int().describe('Changes beyond those that fit into an answer.'),
    machines: z
      .number()
      .int()
      .nullable()
      .describe('Machines, seen within a day, whose answers it may change; null while the history does not answer.'),
  })
  .meta({ id: 'Plan' });
export type Plan = z.infer<typeof Plan>;
