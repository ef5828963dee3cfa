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

/** The row came, and holds what no number here can be: no program can decide on it, and a person must be able to remove it. */
export function isUnreadable(error: unknown): boolean {
  return error instanceof RangeError;
}

/** With its slot and its place in the tally, which PostgreSQL reads by itself. */
const removeUnreadable = `
  with gone as (
    delete from attempt where application = $1 and machine = $2 returning update_group, rollout, to_version, stage
  ), freed as (
    update grant_counter c set open_leases = greatest(c.open_leases - 1, 0)
    from gone where c.update_group = gone.update_group and gone.stage = 'leased'
  )
  update rollout_tally t set open = greatest(t.open - 1, 0)
  from gone where t.rollout = gone.rollout and t.version = gone.to_version and gone.stage in ('leased', 'installed')`;

/** Ends an open attempt as cancelled, with its fact, its slot and its tally. */
async function cancel(client: Client, key: string[], cause: string, moment: Moment): Promise<void> {
  const found = await rowsOf<AttemptRow>(client, selectAttempt, key).catch((error: unknown) => {
    if (isUnreadable(error)) return null;
    throw error;
  });
  if (found === null) return void (await client.query(removeUnreadable, key));
  const [attempt] = found;
  if (attempt === undefined) return;
  const changes = noChanges();
  endAttempt(changes, attempt, { outcome: 'cancelled', cause }, moment, settleAfterMs);
  await sendInOrder(client, toStatements(changes));
}
