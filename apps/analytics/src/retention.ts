// Lets old facts leave NATS: once an hour, only what is past its age and what every consumer has acknowledged.
import { setTimeout as delay } from 'node:timers/promises';
import { type NatsConnection, purgeFacts } from '@platte/fact-log';
import type { Log } from '@platte/service';
import { durable } from './fact-writer.js';

interface Needs {
  nats: NatsConnection;
  keptMs: number;
  now: () => number;
  log: Log;
  signal: AbortSignal;
}

const periodMs = 3_600_000;
/** Without one of these nothing is purged: it has seen nothing yet. */
const consumers = ['policy', durable];

export function startRetention({ nats, keptMs, now, log, signal }: Needs): { ended: Promise<void> } {
  async function keepPurging(): Promise<void> {
    while (!signal.aborted) {
      try {
        const { purgedMessages, heldBy } = await purgeFacts({ nc: nats, now: now(), olderThanMs: keptMs, consumers });
        if (purgedMessages > 0) log.info({ purgedMessages }, 'old facts left the log');
        if (heldBy !== undefined) log.warn({ heldBy }, 'facts past their age stay: a consumer has not seen them');
      } catch (error) {
        if (!signal.aborted)
          log.warn({ err: error }, 'old facts could not leave the log: it is tried again in an hour');
      }
      await delay(periodMs, undefined, { signal }).catch(() => {});
    }
  }
  return { ended: keepPurging() };
}
