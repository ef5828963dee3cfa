// Ends leases at their deadline, twice a second, whoever polls or does not. Deadlines count only as far as the log is
// folded: what machines reported before them comes first.
import { readFactsFill } from '@platte/fact-log';
import { type Swept, sweepLeases } from '@platte/state-store';
import { type BadMachines, keyOfMachine, type MachineKey } from './bad-machines.js';
import type { Named } from './named.js';
import { isNobodysFault } from './nobodys-fault.js';
import type { Folding } from './fold-log.js';
import { makeFoldProgress } from './fold-progress.js';
import type { Parts } from './parts.js';
import type { RestoreGate } from './restore-gate.js';

const sweepMs = 500;
const retryMs = 60_000;
const retriesMax = 10_000;

/** @param onSwept leases ended: slots may be free, and facts are in the outbox */
export function startSweeping(
  parts: Parts & Named,
  folding: Folding,
  bad: BadMachines,
  onSwept: (freed: readonly string[]) => void,
  gate: Pick<RestoreGate, 'isLearning'> = { isLearning: () => false },
): void {
  const { store, nats, clock, nextPosition, log, metrics, stopper, prefix } = parts;
  const progress = makeFoldProgress(performance.now());
  const ended = metrics.counter({
    name: 'platte_policy_swept_leases_total',
    help: 'Attempts that their time ended: leases at their deadline, installs that wait no longer.',
  });
  let running: Promise<void> | undefined;

  /** A row that could not be ended is left alone for a while: each try costs a lock of its group. */
  const retryAt = new Map<string, number>();
  const leaveOut = (key: MachineKey): boolean => (retryAt.get(keyOfMachine(key)) ?? 0) > performance.now();
  function noteFailed({ error, ...machine }: Swept['failed'][number]): void {
    if (retryAt.size >= retriesMax) retryAt.clear();
    retryAt.set(keyOfMachine(machine), performance.now() + retryMs);
    bad.note(machine, error);
    log.error({ err: error, ...machine }, 'a lease could not be ended');
  }

  async function measure(): Promise<number> {
    const now = clock.now();
    try {
      const { lastSequence, createdAt } = await readFactsFill(nats, { prefix });
      progress.mark(now, lastSequence, createdAt);
      progress.advance((await folding.lag()).ackFloor, performance.now());
    } catch (error) {
      log.debug({ err: error }, 'the log does not say how far it is folded: deadlines wait');
    }
    return progress.foldedUntil(now, performance.now());
  }
  async function sweep(): Promise<void> {
    try {
      const until = await measure();
      // An attempt whose end is in the log may seem open until that is learnt.
      if (gate.isLearning()) return;
      let swept: Swept;
      do {
        swept = await sweepLeases(store, { position: nextPosition, until, isOutage: isNobodysFault, leaveOut });
        for (const failed of swept.failed) noteFailed(failed);
        ended.inc(swept.ended);
        if (swept.ended > 0) onSwept(swept.freed);
        for (const group of swept.halted) log.warn({ group }, 'safe mode halted the rollout: a machine timed out');
      } while (swept.ended > 0 && !stopper.signal.aborted);
    } catch (error) {
      log.warn({ err: error }, 'leases could not be swept: trying again');
    } finally {
      running = undefined;
    }
  }

  const timer = setInterval(() => (running ??= sweep()), sweepMs);
  stopper.add('leases', async () => {
    clearInterval(timer);
    await running;
  });
}
