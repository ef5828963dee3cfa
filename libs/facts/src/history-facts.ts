// What the platform finds out about its own history.
import { z } from 'zod';
import { Time } from './identity.js';

/** What one store knows of a machine. */
const Known = z.object({ version: z.string(), group: z.string().nullable(), status: z.string() });

/** Two folds of the same facts came to different states: one of them has a mistake. */
export const HistoryDiffered = z.object({
  kind: z.literal('HistoryDiffered'),
  v: z.literal(1),
  app: z.string(),
  /** Empty: this fact is of no machine, but of all that differ. */
  machine: z.literal(''),
  at: Time,
  n: z.number().int().nonnegative(),
  /** Sequence in FACTS up to which both had folded. */
  position: z.number().int().nonnegative(),
  compared: z.number().int().positive(),
  differing: z.number().int().positive(),
  /** The first of them. */
  examples: z.array(
    z.object({
      machine: z.string(),
      inState: Known,
      /** null: the history does not know the machine. */
      inHistory: Known.nullable(),
    }),
  ),
});
export type HistoryDiffered = z.infer<typeof HistoryDiffered>;
