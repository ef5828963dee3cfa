// What a command about a rollout does to the ledger. The locks of all the application's groups are held.
import { type CatalogChange, settleAfterMs } from '@platte/rollout';
import { attemptColumns, type AttemptRow } from './attempt-row.js';
import { rowsOf } from './catalog-rows.js';
import { endAttempt, type Moment, noChanges } from './ledger-changes.js';
import { sendInOrder } from './statement.js';
import type { Client } from './transaction.js';
import { toStatements } from './write-ledger.js';

/** Scans the attempts of the application: a person does it, after a rollout went wrong. */
const selectOpen = `
  select ${attemptColumns} from attempt a
  where a.application = $1 and a.rollout = $2 and a.stage <> 'ended'
  order by a.machine`;

type RolloutChange = Extract<CatalogChange, { of: 'rollout' }>;

/**
 * An open lease outlives its rollout, but not a halted version: when the next rollout starts after a halt, what the halted
 * one left open is cancelled, so that nobody is offered its version again.
 */
export async function applyRolloutChange(client: Client, change: RolloutChange, moment: Moment): Promise<void> {
  if (change.kind !== 'RolloutSuperseded' || change.before?.state !== 'halted') return;
  const open = await rowsOf<AttemptRow>(client, selectOpen, [change.application, change.subject]);
  const changes = noChanges();
  const cause = 'the rollout was halted, and another one started';
  for (const attempt of open) endAttempt(changes, attempt, { outcome: 'cancelled', cause }, moment, settleAfterMs);
  await sendInOrder(client, toStatements(changes));
}
