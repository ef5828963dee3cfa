import { platte, type Actor, type ActorKind } from '@platte/facts';

/** As the API writes who did something: the name, and beside it the kind that the name cannot fake. */
export function toActorView({ kind, name }: Actor): { actor: string; actorKind: ActorKind } {
  return { actor: name, actorKind: kind };
}

export const byRule = toActorView(platte);
