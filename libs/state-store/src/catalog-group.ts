// What deleting a group does to the ledger. The locks of all the application's groups are held.
import { type Actor, describeActor } from '@platte/facts';
import { type CatalogChange, settleAfterMs } from '@platte/rollout';
import { attemptColumns, type AttemptRow } from './attempt-row.js';
import { rowsOf } from './catalog-rows.js';
import { endAttempt, type Moment, noChanges } from './ledger-changes.js';
import { sendInOrder } from './statement.js';
import type { Client } from './transaction.js';
import { toStatements } from './write-ledger.js';

const selectOpen = `
  select ${attemptColumns} from attempt a where a.update_group = $1 and a.stage <> 'ended' order by a.machine`;

/**
 * A group with open leases is not deleted, but one whose machines wait for their reboot is: their attempts end in the log too,
 * before they go with the group's row.
 */
export async function endAttemptsOfDeleted(
  client: Client,
  change: CatalogChange,
  actor: Actor,
  moment: Moment,
): Promise<void> {
  if (change.kind !== 'GroupDeleted') return;
  const open = await rowsOf<AttemptRow>(client, selectOpen, [change.subject]);
  const changes = noChanges();
  const end = { outcome: 'cancelled', cause: `${describeActor(actor)} deleted the group` } as const;
  for (const attempt of open) endAttempt(changes, attempt, end, moment, settleAfterMs);
  await sendInOrder(client, toStatements(changes));
}
