// What policy decides of a group's rollout.
import { z } from 'zod';
import { ActorKind } from './actor.js';
import { Time } from './identity.js';

const rolloutFact = {
  v: z.literal(1),
  app: z.string(),
  /** Empty: these facts are of no machine. */
  machine: z.literal(''),
  at: Time,
  n: z.number().int().nonnegative(),
  group: z.string(),
  rollout: z.string(),
  package: z.string(),
  toVersion: z.string(),
  /** Name of who did it. */
  actor: z.string(),
  /** Absent in facts of before kinds: `toActor` knows what they meant. */
  actorKind: ActorKind.optional(),
  /** Why, in words for people. */
  cause: z.string(),
};

export const rolloutFactKinds = [
  'RolloutStarted',
  'RolloutPaused',
  'RolloutResumed',
  'RolloutHalted',
  'RolloutSuperseded',
  'RolloutFinished',
] as const;

export const RolloutFact = z.object({ kind: z.enum(rolloutFactKinds), ...rolloutFact });
export type RolloutFact = z.infer<typeof RolloutFact>;
