// Groups whose limit is spent, as policy told us with its last answers: their machines are refused without asking, for a
// second at most. See libs/rollout/src/spent-notice.ts for why that may be.
import type { Answer } from '@platte/facts';
import { type AskedMachine, isRefusedBy, type SpentNotice, toRefusal } from '@platte/rollout';

export interface SpentGroups {
  /** @param askedAt when the question that brought the notices was asked, on the clock of `uptimeMs` */
  take: (notices: readonly SpentNotice[], askedAt: number) => void;
  /** Slots of these groups were freed. */
  forget: (groups: readonly string[]) => void;
  /** null: policy must be asked. */
  refuse: (asked: AskedMachine, target: string) => Answer | null;
}

interface Spent {
  notice: SpentNotice;
  excepted: ReadonlySet<string>;
  endsAt: number;
  /** One object for all machines with one target. */
  refusals: Map<string, Answer>;
}

export function makeSpentGroups(uptimeMs: () => number = () => performance.now()): SpentGroups {
  const groups = new Map<string, Spent>();
  return {
    take(notices, askedAt) {
      for (const notice of notices) {
        const endsAt = askedAt + notice.forMs;
        groups.set(notice.group, { notice, excepted: new Set(notice.except), endsAt, refusals: new Map() });
      }
    },
    forget: (freed) => freed.forEach((group) => groups.delete(group)),
    refuse(asked, target) {
      const spent = groups.get(asked.group);
      if (spent === undefined) return null;
      if (uptimeMs() >= spent.endsAt) {
        groups.delete(asked.group);
        return null;
      }
      return isRefusedBy(spent.notice, spent.excepted, asked) ? refusalOf(spent, target) : null;
    },
  };
}

function refusalOf({ notice, refusals }: Spent, target: string): Answer {
  const known = refusals.get(target);
  if (known !== undefined) return known;
  const refusal = toRefusal(notice, target);
  refusals.set(target, refusal);
  return refusal;
}
