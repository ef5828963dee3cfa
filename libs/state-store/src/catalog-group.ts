// What deleting a group does to the ledger. The locks of all the application's groups are held.
import { type Actor, describeActor } from '@platte/facts';
import { type CatalogChange, settleAfterMs } from '@platte/rollout';
import { attemptColumns, type AttemptRow } from './attempt-row.js';
import { isUnreadable } from './catalog-machine.js';
import { rowsOf } from './catalog-rows.js';
import { endAttempt, type Moment, noChanges } from './ledger-changes.js';
import type { MachineKey } from './locked-groups.js';
import { sendInOrder } from './statement.js';
import type { Client } from './transaction.js';
import { toStatements } from './write-ledger.js';

const selectOpen = `
  select ${attemptColumns} from attempt a where a.update_group = $1 and a.stage <> 'ended' order by a.machine`;
const selectOpenKeys = `
  select application, machine from attempt where update_group = $1 and stage <> 'ended' order by machine`;
const selectOne = `select ${attemptColumns} from attempt a where a.application = $1 and a.machine = $2`;

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
  const open = await readOpen(client, change.subject);
  const changes = noChanges();
  const end = { outcome: 'cancelled', cause: `${describeActor(actor)} deleted the group` } as const;
  for (const attempt of open) endAttempt(changes, attempt, end, moment, settleAfterMs);
  await sendInOrder(client, toStatements(changes));
}

/** Those that can be read: the others go with the group's row all the same. */
async function readOpen(client: Client, group: string): Promise<AttemptRow[]> {
  try {
    return await rowsOf<AttemptRow>(client, selectOpen, [group]);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
  }
  const open: AttemptRow[] = [];
  for (const { application, machine } of await rowsOf<MachineKey & object>(client, selectOpenKeys, [group])) {
    open.push(
      ...(await rowsOf<AttemptRow>(client, selectOne, [application, machine]).catch((error: unknown) => {
        if (isUnreadable(error)) return [];
        throw error;
      })),
    );
  }
  return open;
}
