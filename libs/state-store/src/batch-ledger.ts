// A group's ledger within one batch: as read, with what the transaction itself has changed so far, and as it is after.
import type { GrantDecision, GroupLedger, IndexedGroup, Tally } from '@platte/rollout';
import type { LedgerChanges } from './ledger-changes.js';
import type { Budget } from './read-ledger.js';

const noTally: Tally = { open: 0, succeeded: 0, failed: 0, timedOut: 0 };

/** What deciding rests on: the ends that were folded just now have freed their slots already. */
export function withChanges(
  budget: Budget,
  tallies: ReadonlyMap<string, Tally>,
  index: IndexedGroup,
  changes: LedgerChanges,
): GroupLedger {
  const merged = new Map(tallies);
  for (const { rollout, version, add } of changes.tallies.values()) {
    if (rollout === index.rollout?.id) merged.set(version, sum(merged.get(version) ?? noTally, add));
  }
  const slots = changes.counters.get(index.group.id)?.slots ?? 0;
  return { ...budget, openLeases: budget.openLeases + slots, tallies: merged };
}

/** The ledger as the next batch will find it, if nothing else happens. */
export function ledgerAfter(ledger: GroupLedger, decisions: readonly GrantDecision[]): GroupLedger {
  const tallies = new Map(ledger.tallies);
  let { seq, used, openLeases } = ledger;
  for (const decision of decisions) {
    if (decision.kind !== 'grant' && decision.kind !== 'reopen') continue;
    openLeases += 1;
    if (decision.kind === 'reopen') continue;
    const { version } = decision.package;
    tallies.set(version, sum(tallies.get(version) ?? noTally, { ...noTally, open: 1 }));
    seq += 1;
    used += 1;
  }
  const oldestGrantAt = ledger.oldestGrantAt ?? (used > 0 ? ledger.now : null);
  return { ...ledger, seq, used, openLeases, oldestGrantAt, tallies };
}

function sum(a: Tally, b: Tally): Tally {
  return {
    open: a.open + b.open,
    succeeded: a.succeeded + b.succeeded,
    failed: a.failed + b.failed,
    timedOut: a.timedOut + b.timedOut,
  };
}
