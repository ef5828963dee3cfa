import { ActorKind } from '@platte/facts';
import { z } from 'zod';

/** Who did something: two fields of whatever has an actor. */
export const actorFields = {
  actor: z.string().describe('Name of who did it.'),
  actorKind: ActorKind.describe('What it is the name of; no name can change it. Rules are Platte itself.'),
};
