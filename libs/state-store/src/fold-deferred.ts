// Folds the facts that were put aside because their group was locked (deferred-facts.ts). A machine whose row cannot be read or
// written holds up no other: its facts are put aside again, and are folded when its row is mended or gone.
import type { Fact } from '@platte/facts';
import { deferFacts, findDeferred, takeDeferred } from './deferred-facts.js';
import { type FoldContext, type FoldedAttempts, foldSaid, type GroupFold, isSaid, type Said } from './fold-attempts.js';
import type { MachineKey } from './locked-groups.js';
import type { Store } from './store.js';
import { GroupLocked } from './stuck-groups.js';
import { workApart } from './work-apart.js';

export interface DeferredContext extends FoldContext {
  /** Whether an error is no machine's fault. Without it every error is thrown. */
  isOutage?: (error: unknown) => boolean;
  /** Machines whose row was bad a moment ago: their facts wait. */
  leaveOut?: (machine: MachineKey) => boolean;
}

export interface FoldedDeferred extends FoldedAttempts {
  failed: (MachineKey & { error: unknown })[];
}

/** Folds as far as locks can be had. Never waits for a group that is known to be locked. */
export async function foldDeferred(store: Store, context: DeferredContext): Promise<FoldedDeferred> {
  const folded: FoldedDeferred = { freed: [], halted: [], locked: [], failed: [] };
  for (const group of await findDeferred(store)) {
    try {
      await takeDeferred(store, group, (facts) => foldOfGroup(store, context, group, facts, folded));
    } catch (error) {
      if (!(error instanceof GroupLocked)) throw error;
      folded.locked.push(error);
    }
  }
  return folded;
}

/** @throws GroupLocked */
async function foldOfGroup(
  store: Store,
  context: DeferredContext,
  group: string,
  facts: readonly Fact[],
  folded: FoldedDeferred,
): Promise<void> {
  const { isOutage = () => true, leaveOut = () => false } = context;
  const ofMachines = [...Map.groupBy(facts.filter(isSaid), ({ app, machine }) => `${app} ${machine}`).values()];
  const [waiting, due] = [ofMachines.filter(isLeftOut), ofMachines.filter((said) => !isLeftOut(said))];
  const fold = (some: readonly Said[][]) => foldSaid(store, context, some.flat(), hooksFor(folded));
  const isNoMachines = (error: unknown) => error instanceof GroupLocked || isOutage(error);
  for (const { items, error } of await workApart(due, fold, { isOutage: isNoMachines })) {
    if (error === undefined) continue;
    waiting.push(...items);
    folded.failed.push(...items.map((said) => ({ ...toKey(said), error })));
  }
  if (waiting.length > 0) await deferFacts(store, group, waiting.flat());

  function isLeftOut(said: readonly Said[]): boolean {
    return leaveOut(toKey(said));
  }
}

function hooksFor(folded: FoldedDeferred) {
  return {
    onFolded: ({ freed, halted }: GroupFold) => void (folded.freed.push(...freed), folded.halted.push(...halted)),
    onLocked: async (error: GroupLocked): Promise<never> => {
      throw error;
    },
  };
}

/** @param said all of one machine, at least one */
function toKey([said]: readonly Said[]): MachineKey {
  return { application: said?.app ?? '', machine: said?.machine ?? '' };
}
