// How leases end outside of decisions: by what the log tells, and by their deadlines. Both free slots, which is told to
// every replica, and leave facts in the outbox.
import { makeBadMachines } from './bad-machines.js';
import { startFolding } from './fold-log.js';
import { announceFreed } from './freed-budgets.js';
import type { GrantDesk } from './grant-desk.js';
import type { Named } from './named.js';
import type { Parts } from './parts.js';
import { startPruning } from './prune-ledger.js';
import { startRecounting } from './recount-ledger.js';
import type { OutboxRelay } from './relay-outbox.js';
import type { RestoreGate } from './restore-gate.js';
import { startSweeping } from './sweep-leases.js';

export async function startEnding(
  parts: Parts & Named,
  desk: GrantDesk,
  relay: OutboxRelay,
  gate?: Pick<RestoreGate, 'isLearning'>,
): Promise<void> {
  const onEnded = (freed: readonly string[]) => {
    for (const group of freed) desk.noteFreed(group);
    announceFreed(parts.nats, freed);
    relay.wake();
  };
  const bad = makeBadMachines(parts);
  startSweeping(parts, await startFolding(parts, bad, onEnded), bad, onEnded, gate);
  startRecounting(parts, onEnded);
  startPruning(parts);
}
