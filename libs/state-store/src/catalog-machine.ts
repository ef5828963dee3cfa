// What commands of one machine do to the ledger. The locks of all the application's groups are held.
import { type Actor, describeActor } from '@platte/facts';
import type { CatalogChange } from '@platte/rollout';
import { settleAfterMs } from '@platte/rollout';
import { attemptColumns, type AttemptRow } from './attempt-row.js';
import { rowsOf } from './catalog-rows.js';
import { endAttempt, type Moment, noChanges } from './ledger-changes.js';
import { sendInOrder } from './statement.js';
import type { Client } from './transaction.js';
import { toStatements } from './write-ledger.js';

const selectAttempt = `select ${attemptColumns} from attempt a where a.application = $1 and a.machine = $2`;
const deleteAttempt = `delete from attempt where application = $1 and machine = $2`;
const deleteFailures = `delete from machine_failure where application = $1 and machine = $2`;
const deleteInstance = `delete from instance where application = $1 and machine = $2`;

/** Forgiven, not deleted: a late delivery of the same rollback must not hold the machine again. */
const forgiveFailures = `
  update machine_failure set failures = 0, failed_at = null, rolled_back_at = null, forgiven_at = $3
  where application = $1 and machine = $2`;

type MachineChange = Extract<CatalogChange, { of: 'machine' }>;

export async function applyMachineChange(
  client: Client,
  change: MachineChange,
  actor: Actor,
  moment: Moment,
): Promise<void> {
  const key = [change.application, change.machine];
  const by = describeActor(actor);
  switch (change.kind) {
    case 'AttemptCancelled':
      return cancel(client, key, `cancelled by ${by}${change.cause === '' ? '' : `: ${change.cause}`}`, moment);
    case 'FailuresForgiven':
      await client.query(forgiveFailures, [...key, moment.now]);
      return;
    case 'MachineDeleted':
      await cancel(client, key, `deleted by ${by}`, moment);
      for (const statement of [deleteAttempt, deleteFailures, deleteInstance]) await client.query(statement, key);
      return;
    default:
      change.kind satisfies never;
  }
}

/** Ends an open attempt as cancelled, with its fact, its slot and its tally. */
async function cancel(client: Client, key: string[], cause: string, moment: Moment): Promise<void> {
  const [attempt] = await rowsOf<AttemptRow>(client, selectAttempt, key);
  if (attempt === undefined) return;
  const changes = noChanges();
  endAttempt(changes, attempt, { outcome: 'cancelled', cause }, moment, settleAfterMs);
  await sendInOrder(client, toStatements(changes));
}
