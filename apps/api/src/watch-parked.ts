// Whether messages are parked: facts that no program could read or apply, which wait for a person. Health is not well until they
// are retried or dropped.
import { setTimeout as delay } from 'node:timers/promises';
import { countParked } from '@platte/fact-log';
import type { ApiParts } from './parts.js';

type Needs = Pick<ApiParts, 'nats' | 'logPrefix' | 'log' | 'health'>;

const periodMs = 5_000;

/** Looks now and then, until `signal`. */
export async function watchParked(needs: Needs, signal: AbortSignal): Promise<void> {
  const look = makeLookForParked(needs);
  while (!signal.aborted) {
    await look();
    await delay(periodMs, undefined, { signal }).catch(() => {});
  }
}

/** While NATS is away, which has a line of its own in the report, what is parked stays as it was known. */
export function makeLookForParked({ nats, logPrefix: prefix, log, health }: Needs): () => Promise<void> {
  let count = 0;
  health.probe('parked messages', 'reported', () =>
    count === 0
      ? { state: 'up', detail: 'none' }
      : { state: 'down', detail: `${count} wait for a person: platte parked list` },
  );
  return async () => {
    const nc = nats.live();
    if (nc === undefined) return;
    try {
      count = await countParked(nc, { prefix });
    } catch (error) {
      log.debug({ err: error }, 'NATS does not report how many messages are parked');
    }
  };
}
