// Who did something. The kind is stored beside the name and comes from how the caller was authenticated, never from the
// name: a token named `platte` stays a token.
import { z } from 'zod';

/**
 * - `person`: signed in by the identity provider
 * - `token`: an API token
 * - `workload`: a program that the identity provider vouches for
 * - `rule`: a rule of Platte itself
 * - `syncer`: what follows an upstream server
 * - `import`: what copies a catalog of another system
 */
export const ActorKind = z.enum(['person', 'token', 'workload', 'rule', 'syncer', 'import']);
export type ActorKind = z.infer<typeof ActorKind>;

export interface Actor {
  kind: ActorKind;
  name: string;
}

/** Platte itself, where a rule and no person decides. */
export const platte: Actor = { kind: 'rule', name: 'platte' };

/** Programs of before kinds sent and stored a name only, and used the name of `platte` for rules. */
export function toActor(name: string, kind?: ActorKind | null): Actor {
  return { kind: kind ?? (name === platte.name ? platte.kind : 'person'), name };
}

/** `token admin`, for sentences. The kind always comes first: so no name reads like an actor of another kind. */
export function describeActor({ kind, name }: Actor): string {
  return `${kind} ${name}`;
}
