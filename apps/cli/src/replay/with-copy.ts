// One rebuild at a time in a platform. What a killed one left goes when the next one begins: a copy is thrown away, and a switch
// that was cut short is finished first.
import { dropRebuiltHistory, readHistoryTables, readSwitchBegun } from '@platte/history';
import { dropRebuiltState, tryLead } from '@platte/state-store';
import type { Progress } from './progress.js';
import { makeCopy, type RebuiltCopy, topUpHistory } from './rebuilt-copy.js';
import type { Stores } from './stores.js';

/** Among the advisory locks of the database. */
const replayJob = 20_003;

class AlreadyReplaying extends Error {}

export async function withCopy<T>(
  stores: Stores,
  progress: Progress,
  work: (copy: RebuiltCopy) => Promise<T>,
  forgetsOlder = false,
): Promise<T> {
  await readHistoryTables(stores.history);
  const lead = await tryLead(stores.postgresUrl, replayJob);
  if (lead === null)
    throw new AlreadyReplaying(
      'AlreadyReplaying: another `platte verify` or `platte replay` is at work on this platform: wait for its end',
    );
  try {
    await finishSwitch(stores, progress);
    const copy = await makeCopy(stores, progress, forgetsOlder);
    // What failed leaves its copy: it may be half way through the switch, which the next run finishes.
    const done = await work(copy).finally(() => copy.close());
    await dropCopy(stores);
    return done;
  } finally {
    await lead.release();
  }
}

async function finishSwitch(stores: Stores, progress: Progress): Promise<void> {
  const from = await readSwitchBegun(stores.history);
  if (from !== undefined) {
    progress.say('an earlier replay was cut short while it switched: adding what arrived since');
    await topUpHistory(stores, from, progress);
  }
  await dropCopy(stores);
}

async function dropCopy({ history, postgresUrl }: Stores): Promise<void> {
  await dropRebuiltHistory(history);
  await dropRebuiltState(postgresUrl);
}
