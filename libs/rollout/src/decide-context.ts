// What every decider is given besides the command and the state.
import type { Actor } from '@platte/facts';
import type { CatalogChange } from './catalog-change.js';
import type { ApplicationState } from './catalog-state.js';
import { refuse, type Rejection } from './rejection.js';

export interface DecideContext {
  /** Who commands. */
  actor: Actor;
  /** Milliseconds since the epoch. */
  now: number;
  /** Draws a UUID: core has no chance of its own. */
  newId: () => string;
  /** How long a force stands if no grant uses it up. */
  forceMs: number;
}

export type Decided = CatalogChange[] | Rejection;

/** Null when nothing changed since the sender saw it, or when the sender did not say. */
export function refuseStale(state: ApplicationState, id: string, seen: number | undefined): Rejection | null {
  const changed = state.changed.get(id) ?? 0;
  if (seen === undefined || changed <= seen) return null;
  const words = `It changed in revision ${changed}, after the revision ${seen} that you saw: read it again, then repeat the command if it still fits.`;
  return refuse('stale-revision', words, '/seen');
}

/** Bounds of what one application can hold, so that its snapshot and its commands stay small. */
export const heldMax = 1000;
export const forcedMax = 1000;
export const floorsMax = 50;
export const labelsMax = 50;
