// Whether grants may be made. They may not while PostgreSQL is older than the log, as after the restore of a backup or a fail-over
// that lost commits: it forgot grants, so limits would be passed, and what people stopped. Looked at before the first question
// is answered, and whenever another PostgreSQL answers than before.
//
//   open      grants are made
//   closed    PostgreSQL was not asked yet, or does not answer; it is learning from the log; or a person is waited for
//
// The row in `restore` is what replicas share: whoever finds it closes, and one of them learns.
import { setTimeout as delay } from 'node:timers/promises';
import { readLastOutbox } from '@platte/fact-log';
import { describeActor, platte } from '@platte/facts';
import { isStoreFailure } from '@platte/service';
import {
  finishRestore,
  openRestoreIfOlder,
  readOpenRestore,
  readStoreIdentity,
  type Restore,
  touchMark,
  tryLead,
} from '@platte/state-store';
import { learnFromLog, type ReadArchived } from './learn-from-log.js';
import type { Named } from './named.js';
import type { Parts } from './parts.js';

export interface RestoreGate {
  /** Why no grants are made; null: they are. */
  closedBecause: () => string | null;
  /** Leases that ended may not be learnt yet: deadlines wait. */
  isLearning: () => boolean;
}

const lookMs = 1_000;
/** A dump is at most so much older than the database says of itself. */
const touchMs = 60_000;
/** Among the advisory locks of the database. */
const learnJob = 20_004;

export async function openRestoreGate(parts: Parts & Named, readArchived: ReadArchived): Promise<RestoreGate> {
  const { store, nats, log, health, metrics, stopper, config, prefix } = parts;
  let identity: string | undefined;
  let restore: Restore | null = null;
  let closed: string | null = 'PostgreSQL was not asked yet whether it is older than the log';
  let learning: Promise<void> | undefined;

  async function look(): Promise<void> {
    const found = await readStoreIdentity(store.pool);
    if (found !== identity) {
      closed ??= 'another PostgreSQL answers than before: it is compared with the log';
      const last = await readLastOutbox(nats, { prefix });
      if (last !== undefined && (await openRestoreIfOlder(store, last.id)))
        log.error(
          { outbox: last.id },
          'PostgreSQL does not know what it had relayed to the log: was a backup restored?',
        );
      identity = found;
    }
    restore = await readOpenRestore(store.pool);
    if (restore?.state === 'learning') learning ??= learn(restore).finally(() => (learning = undefined));
    if (restore?.state === 'waiting' && isNothingLost(restore))
      await finishRestore(store, restore.id, describeActor(platte));
    await touchMark(store, touchMs);
    closed = describe(restore);
    store.expected.identity = identity;
  }

  async function lookSafely(): Promise<void> {
    try {
      await look();
    } catch (error) {
      // Behind a connection that broke may be another PostgreSQL.
      if (isStoreFailure(error)) closed ??= 'PostgreSQL does not answer';
      log.debug({ err: error }, 'whether PostgreSQL is older than the log is not known: trying again');
    }
  }

  async function learn(found: Restore): Promise<void> {
    const lead = await tryLead(config.postgresUrl, learnJob);
    if (lead === null) return;
    try {
      await learnFromLog(parts, found, readArchived);
    } catch (error) {
      if (!stopper.signal.aborted)
        log.error({ err: error }, 'what PostgreSQL forgot could not be learnt: trying again');
    } finally {
      await lead.release();
    }
  }

  metrics.gauge({
    name: 'platte_policy_grants_withheld',
    help: '1 while no grants are made because PostgreSQL is older than the log, as after the restore of a backup; else 0.',
    read: (gauge) => gauge.set(closed === null ? 0 : 1),
  });
  health.probe('restore', 'reported', () =>
    closed === null ? { state: 'up', detail: 'PostgreSQL knows what the log does' } : { state: 'down', detail: closed },
  );
  await lookSafely();
  const ended = keepLooking(lookSafely, stopper.signal);
  stopper.add('restore', async () => {
    await ended;
    await learning?.catch(() => {});
  });
  return { closedBecause: () => closed, isLearning: () => restore?.state === 'learning' };
}

async function keepLooking(look: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await delay(lookMs, undefined, { signal }).catch(() => {});
    if (!signal.aborted) await look();
  }
}

/** Then there is nothing for a person to decide. */
function isNothingLost({ changes }: Restore): boolean {
  return changes.length === 0;
}

function describe(restore: Restore | null): string | null {
  switch (restore?.state) {
    case undefined:
    case 'done':
      return null;
    case 'learning':
      return 'PostgreSQL is older than the log, as after the restore of a backup: grants wait until it has learnt from the log';
    case 'waiting': {
      const { length } = restore.changes;
      return `PostgreSQL was restored and lacks ${length} changes that people made since: \`platte restore show\` lists them, \`platte restore apply\` makes them again; grants wait for that`;
    }
  }
}
