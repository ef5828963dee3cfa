// The path of a spent budget: machines that can only be refused cost one statement and no lock.
//
// What the last batch left behind is trusted until its window frees, a freed slot is announced, or for a second at most.
// So it may refuse what a lock would have granted a moment later, but it never grants: whoever holds an attempt, tells
// events, or would be granted by it, is decided under the lock.
import {
  type AskedMachine,
  concurrencyLimitOf,
  type Decision,
  decideGrants,
  type GroupLedger,
  type IndexedGroup,
} from '@platte/rollout';
import { toArrayLiteral } from './array-literal.js';
import { toAsking } from './fold-asked.js';
import type { FailureRow, PeopleRow } from './read-ledger.js';
import type { Store } from './store.js';
import { withPeople } from './with-people.js';

/** How long a budget is taken for spent when nobody says when it frees. */
const staleAfterMs = 1_000;

/** A group's budget as the last batch left it, when it has nothing to give. */
export interface SpentBudget {
  revision: number;
  ledger: GroupLedger;
  /** Until then, on the clock of decisions. */
  until: number;
}

/** null: there may be something to grant. */
export function findSpent(group: IndexedGroup, ledger: GroupLedger): SpentBudget | null {
  const { policy, revision, stop } = group.group;
  if (stop !== null) return null;
  const { now, used, openLeases, oldestGrantAt } = ledger;
  if (policy.rateLimit !== null && used >= policy.rateLimit.max) {
    return { revision, ledger, until: (oldestGrantAt ?? now) + policy.rateLimit.periodMs };
  }
  const slots = concurrencyLimitOf(policy);
  const tally = ledger.tallies.get(group.target?.package.version ?? '');
  const isProbing = policy.safeMode && (tally?.open ?? 0) > 0 && tally?.succeeded === 0;
  return isProbing || (slots !== null && openLeases >= slots) ? { revision, ledger, until: now + staleAfterMs } : null;
}

const lookUp = `
  select g.revision, exists (select from group_stop s where s.update_group = g.id) as stopped,
    (select jsonb_object_agg(h.machine, h.note)
      from machine_hold h where h.application = $2 and h.machine = any($3::text[])) as holds,
    (select array_agg(a.machine) from attempt a
      where a.application = $2 and a.machine = any($3::text[]) and a.stage <> 'ended') as open,
    (select jsonb_agg(jsonb_build_object('machine', f.machine, 'version', f.version, 'count', f.failures,
        'failedAt', f.failed_at, 'rolledBack', f.rolled_back_at is not null))
      from machine_failure f where f.application = $2 and f.machine = any($3::text[])) as failures
  from update_group g where g.id = $1`;

interface LookedUp {
  revision: number;
  stopped: boolean;
  holds: PeopleRow['holds'];
  open: string[] | null;
  failures: FailureRow[] | null;
}

/**
 * The refusals, in the order of the machines; null where a machine must be decided under the lock. null for all: the
 * budget is not what it was taken for.
 *
 * @param now on the clock of decisions
 */
export async function refuseSpent(
  store: Store,
  group: IndexedGroup,
  spent: SpentBudget,
  asked: readonly AskedMachine[],
  now: number,
): Promise<(Decision | null)[] | null> {
  if (now >= spent.until) return null;
  const values = [group.group.id, asked[0]?.app, toArrayLiteral(asked.map(({ machine }) => machine))];
  const { rows } = await store.hot.query<LookedUp>({ name: 'look-up', text: lookUp, values });
  const [found] = rows;
  if (found?.revision !== spent.revision || group.group.revision !== spent.revision || found.stopped) return null;
  const open = new Set(found.open);
  const failures = toByMachine(found.failures ?? []);
  const ledger = { ...spent.ledger, now };
  const decisions = decideGrants(
    withPeople(group, { stop: null, holds: found.holds }),
    ledger,
    asked.map((machine) => toAsking(machine, undefined, failures, noForces, null)),
  );
  return decisions.map((decision, index) => {
    const machine = asked[index];
    const isLocked = machine === undefined || machine.forced || machine.events.length > 0 || open.has(machine.machine);
    return isLocked || decision.kind !== 'refuse' ? null : { answer: decision.answer };
  });
}

const noForces: ReadonlyMap<string, number> = new Map();

function toByMachine(rows: readonly FailureRow[]): Map<string, Map<string, FailureRow>> {
  const byMachine = new Map<string, Map<string, FailureRow>>();
  for (const row of rows) {
    const known = byMachine.get(row.machine) ?? new Map<string, FailureRow>();
    byMachine.set(row.machine, known.set(row.version, row));
  }
  return byMachine;
}
