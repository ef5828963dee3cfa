// Rebuilds what follows from the log beside the live tables, and puts it in their place. What is true if this dies:
//
// - before the switch: the live tables are untouched, and the next run throws the copy away;
// - after ClickHouse's tables were exchanged (one statement): what arrived since the copy was last fed is added by the next run;
// - PostgreSQL's change place in one transaction.
import { randomUUID } from 'node:crypto';
import { readConsumerLag, readFactsFill, writtenRowsSubject } from '@platte/fact-log';
import { readFolded, readForgottenBefore, readHistoryTables, switchHistory } from '@platte/history';
import { foldsRest, readStateTables, switchState, takeLead } from '@platte/state-store';
import type { Progress } from './progress.js';
import { type RebuiltCopy, topUpHistory } from './rebuilt-copy.js';
import type { Stores } from './stores.js';
import { assertNothingLost } from './losses.js';
import { consumers } from './verify.js';
import { withCopy } from './with-copy.js';

export interface Replayed {
  /** The last message that is in both. */
  sequence: number;
  clickhouse: string[];
  postgres: string[];
}

/** What is live knows of a time that neither the log nor the archive does: replaced, it would forget that. */
class ArchiveExpired extends Error {}

/**
 * @param forgetsOlder whether what is older than log and archive may be lost
 * @throws NotOnCluster, AlreadyReplaying, LogIncomplete, ArchiveExpired, CopyPoorer
 */
export async function replay(stores: Stores, progress: Progress, forgetsOlder = false): Promise<Replayed> {
  const { nats, prefix, postgresUrl, history } = stores;
  if (!forgetsOlder) await refuseToForget(stores);
  const tables = await readHistoryTables(history);
  const state = await readStateTables(postgresUrl);
  const work = async (copy: RebuiltCopy): Promise<Replayed> => {
    await copy.feed();
    const rest = await takeLead(postgresUrl, foldsRest);
    try {
      await copy.feed();
      // Not beyond what analytics has acknowledged: the fold goes on from there, over what arrives again.
      const { ackFloor } = await readConsumerLag(nats, consumers.analytics, { prefix });
      progress.say('folding timelines');
      await copy.fold(Math.min(ackFloor, copy.fed().seq), (await readFolded(history)).silence);
      await copy.feed();
      if (!forgetsOlder) await assertNothingLost(stores, copy);
      progress.say('switching over');
      await switchHistory(history, tables, copy.fed());
      await topUpHistory(stores, copy.fed(), progress);
      await switchState(postgresUrl, state, () => copy.feedState());
      nats.publish(writtenRowsSubject, JSON.stringify([randomUUID()]));
      await nats.flush();
    } finally {
      await rest.release();
    }
    const names = (list: { name: string; mark: string }[]) =>
      list.filter(({ mark }) => mark === 'fold' || mark === 'position').map(({ name }) => name);
    return { sequence: copy.fed().seq, clickhouse: names(tables), postgres: names(state) };
  };
  return withCopy(stores, progress, work, forgetsOlder);
}

/** Before the work begins, where it is known already. A log that begins with message 1 may be whole: then the copy is compared. */
async function refuseToForget({ nats, prefix, history }: Stores): Promise<void> {
  const { firstSequence } = await readFactsFill(nats, { prefix });
  const before = firstSequence <= 1 ? undefined : await readForgottenBefore(history);
  if (before === undefined) return;
  throw new ArchiveExpired(
    `ArchiveExpired: facts from before ${new Date(before).toISOString()} have left the archive, and timelines of before would be lost: give --forget-older if they may be`,
  );
}
