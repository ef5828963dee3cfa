// Forces that nobody used are ended when their time is over, so that the log says it and the snapshot forgets them.
import { lapseForces } from '@platte/state-store';
import type { Parts } from './parts.js';

const sweepMs = 60_000;

export function startSweepingForces({ store, clock, nextPosition, log, stopper }: Parts): void {
  async function sweep(): Promise<void> {
    const now = clock.now();
    try {
      await lapseForces(store, now, () => nextPosition(now));
    } catch (error) {
      log.warn({ err: error }, 'forces that are over could not be ended: trying again in a minute');
    }
  }
  const timer = setInterval(() => void sweep(), sweepMs);
  stopper.add('forces', () => clearInterval(timer));
}
