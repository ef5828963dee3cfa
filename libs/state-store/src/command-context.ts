// What executing a command is given besides the command, and what comes of it.
import type { CatalogFact, Position, RolloutFact } from '@platte/facts';
import type { CommandPlan, DecideContext } from '@platte/rollout';

export interface CommandContext extends DecideContext {
  /** Names the facts that follow. */
  position: () => Position;
  /** Says what would happen, and does nothing. */
  dryRun?: boolean;
}

/** `revision`: the catalog's after the command; null where nothing changed, or nothing was to change. */
export interface Executed {
  facts: (CatalogFact | RolloutFact)[];
  revision: number | null;
  /** Of a dry run. */
  plan?: CommandPlan;
}
