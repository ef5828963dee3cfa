// Forgets what the ledger needs no more, once an hour, a bounded number of rows at a time.
import { pruneLedger } from '@platte/state-store';
import type { Parts } from './parts.js';

const pruneEveryMs = 3_600_000;

export function startPruning({ store, clock, log, stopper }: Parts): void {
  async function prune(): Promise<void> {
    try {
      await pruneLedger(store, clock.now());
    } catch (error) {
      log.warn({ err: error }, 'the ledger could not be pruned: trying again in an hour');
    }
  }
  const timer = setInterval(() => void prune(), pruneEveryMs);
  stopper.add('pruning', () => clearInterval(timer));
}
