// The notices of this replica, each read again when it is half as old as it may get: what a group that waits costs then is one
// read in half a second, however many machines it has.
import { type IndexedGroup, noticeMs, type SpentNotice } from '@platte/rollout';
import { readSpentNotice, type SpentBudget, type Store } from '@platte/state-store';

export interface SpentNotices {
  /** For groups that were found spent just now. */
  keep: (group: IndexedGroup, spent: SpentBudget) => Promise<void>;
  /** A slot was freed: what was read before says nothing more. */
  drop: (group: string) => void;
  /** What can be said of a group now, if it is still at that revision. */
  find: (group: string, revision: number) => SpentNotice | undefined;
}

interface Kept {
  /** null: there is nothing to say; that is asked again no sooner. */
  notice: SpentNotice | null;
  revision: number;
  /** A later grant's machine is not named. */
  seq: number;
  readAt: number;
}

export function makeSpentNotices(store: Store, uptimeMs: () => number = () => performance.now()): SpentNotices {
  const kept = new Map<string, Kept>();
  return {
    async keep(group, spent) {
      const { id } = group.group;
      const known = kept.get(id);
      const readAt = uptimeMs();
      const { revision } = spent;
      const { seq } = spent.ledger;
      const isSame = known?.revision === revision && known.seq === seq;
      if (isSame && readAt - known.readAt < noticeMs / 2) return;
      kept.set(id, { notice: await readSpentNotice(store, group, spent), revision, seq, readAt });
    },
    find(group, revision) {
      const known = kept.get(group);
      const forMs = noticeMs - (uptimeMs() - (known?.readAt ?? Number.NEGATIVE_INFINITY));
      if (!known?.notice || known.revision !== revision || forMs <= 0) return undefined;
      return { ...known.notice, forMs };
    },
    drop: (group) => void kept.delete(group),
  };
}
