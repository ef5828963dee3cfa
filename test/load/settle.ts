// Between two measurements: what the one before has left to do must not fall on the next. Consumers have everything that is in the
// log, and the processes have gone quiet: policy writes what it held back, ClickHouse folds and merges after the last fact.
import { setTimeout as sleep } from 'node:timers/promises';
import { type NatsConnection, readConsumerLag } from '@platte/fact-log';
import type { Platform } from '../journeys/platform.js';
import { openNats } from '../journeys/replicas.js';
import { assertNoneFell } from './children.js';
import { readProcessorTimes } from './processor-time.js';

export interface Restless {
  nc: NatsConnection;
  /** Durable names of those that follow the facts. */
  consumers: readonly string[];
  /** Whose processor time must come to rest, with all that they have started. */
  pids: readonly number[];
}

const lookEveryMs = 200;
/** Of one core: the programs' own loops take a few hundredths, a merge takes a whole one. */
const quietShareMax = 0.2;
/** A merge of much data goes on for longer; then it belongs to what the platform does beside its load. */
const quietWaitMsMax = 5_000;

export const followers = ['policy', 'analytics'];

export async function settle({ nc, consumers, pids }: Restless): Promise<void> {
  await untilConsumed(nc, consumers);
  await untilQuiet(pids);
}

/** The same for a whole platform. */
export async function settlePlatform(platform: Platform): Promise<void> {
  const { programs, servers } = await platform.run();
  const pids = [...Object.values(programs), ...Object.values(servers)].map(({ pid }) => pid);
  const nc = await openNats(platform);
  try {
    await settle({ nc, consumers: followers, pids });
  } finally {
    await nc.close();
  }
}

async function untilConsumed(nc: NatsConnection, consumers: readonly string[]): Promise<void> {
  for (;;) {
    assertNoneFell();
    const lags = await Promise.all(consumers.map((durable) => readConsumerLag(nc, durable)));
    if (lags.every(({ pendingMessages, heldMessages }) => pendingMessages + heldMessages === 0)) return;
    await sleep(lookEveryMs);
  }
}

async function untilQuiet(pids: readonly number[]): Promise<void> {
  const giveUpAt = performance.now() + quietWaitMsMax;
  while (performance.now() < giveUpAt) {
    const [before, begun] = [usedUs(pids), performance.now()];
    await sleep(lookEveryMs);
    const share = (usedUs(pids) - before) / ((performance.now() - begun) * 1000);
    // Where processor time is not known, share is not a number, and nobody waits.
    if (!(share > quietShareMax)) return;
  }
}

function usedUs(pids: readonly number[]): number {
  return [...readProcessorTimes(pids).values()].reduce((sum, us) => sum + us, 0);
}
