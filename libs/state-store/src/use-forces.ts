// A force is used up by its first grant, in the grant's own transaction.
import { platte } from '@platte/facts';
import { type CatalogChange, toFact } from '@platte/rollout';
import { logChanges } from './catalog-log.js';
import { takeRevision } from './catalog-revision.js';
import { rowsOf } from './catalog-rows.js';
import type { LedgerChanges, Moment } from './ledger-changes.js';
import type { Client } from './transaction.js';

const deleteForces = `
  delete from machine_force where application = $1 and machine = any($2::text[]) returning machine, until`;

/** The catalog's revision comes before the rows, as for whoever forces a machine: so the two never wait for each other. */
export async function useForces(
  client: Client,
  changes: LedgerChanges,
  { application, machines }: { application: string; machines: readonly string[] },
  moment: Moment,
): Promise<void> {
  if (machines.length === 0) return;
  const revision = await takeRevision(client);
  const used = await rowsOf<{ machine: string; until: number }>(client, deleteForces, [application, machines]);
  const lapsed = used.map((before) => toChange(application, before));
  await logChanges(client, lapsed, { revision, at: moment.now, actor: platte });
  changes.facts.push(...lapsed.map((change) => toFact(change, { actor: platte, revision, position: moment.position })));
}

function toChange(application: string, before: { machine: string; until: number }): CatalogChange {
  const { machine } = before;
  const cause = 'used up by its grant';
  return {
    of: 'force',
    kind: 'ForceLapsed',
    application,
    group: null,
    machine,
    subject: machine,
    cause,
    before,
    after: null,
  };
}
