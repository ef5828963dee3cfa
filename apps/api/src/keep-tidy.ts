// Deletes what is past its time, in every replica, now and then: keys of requests, sessions, sign-ins that nobody finished.
import { setTimeout as delay } from 'node:timers/promises';
import { purgeCommandLineCodes, purgeKeys, purgeSessions, type Store } from '@platte/state-store';
import type { Log } from '@platte/service';

const periodMs = 10 * 60_000;

interface Needs {
  store: Store;
  now: () => number;
  log: Log;
  signal: AbortSignal;
}

export async function keepTidy({ store, now, log, signal }: Needs): Promise<void> {
  while (!signal.aborted) {
    await delay(periodMs, undefined, { signal, ref: false }).catch(() => {});
    if (signal.aborted) return;
    try {
      await purgeSessions(store.pool, now());
      await purgeCommandLineCodes(store.pool, now());
      await purgeKeys(store.pool, now());
    } catch (error) {
      log.warn({ err: error }, 'what is past its time could not be deleted; the next turn does it');
    }
  }
}
