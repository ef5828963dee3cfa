// Recounts every few minutes what the ledger's counters count. Every replica does it: a recount that finds nothing is one read,
// and one that another has mended finds nothing.
import { type Miscount, recountLedger } from '@platte/state-store';
import type { Parts } from './parts.js';

/** So long a counter that is wrong could pass a limit or refuse in vain. The read takes as long as it counts open attempts. */
const recountEveryMs = 600_000;

export interface Recounting {
  /** Recounts now; never rejects. */
  recount: () => Promise<void>;
}

/** @param onFreed groups that a mended counter may have slots for */
export function startRecounting(
  { store, log, metrics, stopper }: Parts,
  onFreed: (groups: readonly string[]) => void,
): Recounting {
  const miscounts = metrics.counter({
    name: 'platte_policy_miscounts_total',
    help: 'Counters of the ledger that differed from the rows that they count. Any is a mistake: please report it.',
    labels: ['counter'],
  });

  function tell(miscount: Miscount): void {
    miscounts.inc({ counter: miscount.counter });
    const outcome = miscount.counter === 'grants-in-window' ? 'ends with its window' : 'was mended';
    log.error(miscount, `a counter of the ledger differed from the rows that it counts, and ${outcome}`);
  }
  async function recount(): Promise<void> {
    try {
      const found = await recountLedger(store);
      for (const miscount of found) tell(miscount);
      if (found.length > 0) onFreed([...new Set(found.map(({ group }) => group))]);
    } catch (error) {
      log.warn({ err: error }, 'the ledger could not be recounted: trying again in ten minutes');
    }
  }

  let running: Promise<void> | undefined;
  const timer = setInterval(() => (running = recount()), recountEveryMs);
  stopper.add('recounting', async () => {
    clearInterval(timer);
    await running;
  });
  return { recount };
}
