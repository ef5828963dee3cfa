// Keeps /readyz true: a store is asked every few seconds whether it answers. The log has a line at each change.
import { setTimeout as delay } from 'node:timers/promises';
import type { Dependency } from './health.js';
import type { Log } from './log.js';

export interface WatchedStore {
  name: string;
  dependency: Dependency;
  /** Throws when the store does not answer. */
  ping: () => Promise<unknown>;
  /** Between two pings. Shorter in tests. */
  periodMs?: number | undefined;
}

const periodMsDefault = 5_000;
/** A store that needs longer for nothing is as good as gone. */
const pingMsMax = 3_000;

export async function watchStore(
  { name, dependency, ping, periodMs = periodMsDefault }: WatchedStore,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  let wasUp: boolean | undefined;
  while (!signal.aborted) {
    const trouble = await askOnce(ping);
    const isUp = trouble === undefined;
    if (isUp) dependency.up();
    else dependency.down(trouble);
    if (isUp !== wasUp && !(wasUp === undefined && isUp))
      log.warn({ store: name, trouble }, isUp ? 'a store is back' : 'a store does not answer');
    wasUp = isUp;
    await delay(periodMs, undefined, { signal }).catch(() => {});
  }
}

async function askOnce(ping: () => Promise<unknown>): Promise<string | undefined> {
  const waiting = new AbortController();
  const late = delay(pingMsMax, 'late' as const, { signal: waiting.signal }).catch(() => 'late' as const);
  try {
    const first = await Promise.race([ping().then(() => 'up' as const), late]);
    return first === 'late' ? `no answer within ${pingMsMax} ms` : undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    waiting.abort();
  }
}
