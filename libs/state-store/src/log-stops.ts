// Writes pauses into the catalog's log, with the revision that followers wait for and the facts. Any replica does it, and
// whoever comes second finds nothing: the row goes in the transaction that logs it.
import type { Actor, Position } from '@platte/facts';
import { type StopChange, toFact } from '@platte/rollout';
import { logChanges } from './catalog-log.js';
import { takeRevision } from './catalog-revision.js';
import { rowsOf } from './catalog-rows.js';
import { putIntoOutbox } from './outbox.js';
import type { Store } from './store.js';
import type { Executed } from './command-context.js';
import { isLockNotAvailable } from './stuck-groups.js';
import { withTransaction } from './transaction.js';

/** Commands hold the catalog's revision for some ms. Who waits in vain tries again a second later. */
const waitMs = 500;

const findUnlogged = `select exists (select from group_stop_unlogged) as found`;
const takeUnlogged = `delete from group_stop_unlogged returning id, jsonb_build_object('kind', actor_kind, 'name', actor) as actor, change`;

interface UnloggedRow {
  id: number;
  actor: Actor;
  change: StopChange;
}

/** `found`: there were some; with `revision` null the catalog's revision is locked, and they are logged later. */
export async function logStops(
  store: Store,
  { position }: { position: () => Position },
): Promise<Executed & { found: boolean }> {
  const { rows } = await store.pool.query<{ found: boolean }>(findUnlogged);
  if (rows[0]?.found !== true) return { facts: [], revision: null, found: false };
  try {
    return await withTransaction(store.pool, async (client) => {
      await client.query(`set local lock_timeout = ${waitMs}`);
      const revision = await takeRevision(client);
      const unlogged = (await rowsOf<UnloggedRow>(client, takeUnlogged, [])).toSorted((a, b) => a.id - b.id);
      const facts = unlogged.map(({ actor, change }) => toFact(change, { actor, revision, position }));
      for (const [number, { actor, change }] of unlogged.entries())
        await logChanges(client, [change], { revision, at: change.after?.stop?.at ?? 0, actor, number });
      await putIntoOutbox(client, facts);
      return { facts, revision, found: true };
    });
  } catch (error) {
    if (isLockNotAvailable(error)) return { facts: [], revision: null, found: true };
    throw error;
  }
}
