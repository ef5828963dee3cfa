// Pauses that their command could not log, because somebody kept the catalog's revision locked, or because its process died.
import { describeHolders, findRowHolders, logStops } from '@platte/state-store';
import type { Parts } from './parts.js';
import type { OutboxRelay } from './relay-outbox.js';

const lookMs = 1_000;

export function startLoggingStops({ store, clock, nextPosition, log, stopper }: Parts, relay: OutboxRelay): void {
  let running: Promise<void> | undefined;
  let isReported = false;

  async function look(): Promise<void> {
    try {
      const { found, revision } = await logStops(store, { position: () => nextPosition(clock.now()) });
      if (revision !== null) relay.wake();
      if (found && revision === null && !isReported) {
        const holder = describeHolders(await findRowHolders(store.pool, { of: 'catalog-revision' }));
        log.warn(
          { holder },
          'the catalog’s revision is locked: pauses stand, but the catalog’s log does not have them',
        );
      }
      isReported = found && revision === null;
    } catch (error) {
      log.debug({ err: error }, 'the catalog’s log could not be brought up to date: trying again');
    }
    running = undefined;
  }

  const timer = setInterval(() => (running ??= look()), lookMs);
  stopper.add('pauses', async () => {
    clearInterval(timer);
    await running;
  });
}
