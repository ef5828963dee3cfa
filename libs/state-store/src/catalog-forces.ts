// Forces that nobody used lapse: their rows go, and the log says so. Judging ignores a lapsed one anyway.
import { platte, type Position } from '@platte/facts';
import { type CatalogChange, toFact } from '@platte/rollout';
import { logChanges } from './catalog-log.js';
import { takeRevision } from './catalog-revision.js';
import { putIntoOutbox } from './outbox.js';
import { rowsOf } from './catalog-rows.js';
import type { Store } from './store.js';
import { withTransaction } from './transaction.js';

const findLapsed = `select exists (select from machine_force where until <= $1) as found`;
/** Few enough for one message of the log. */
const deleteLapsed = `
  delete from machine_force
  where (application, machine) in (select application, machine from machine_force where until <= $1 limit 200)
  returning application, machine, until`;

interface LapsedRow {
  application: string;
  machine: string;
  until: number;
}

/** How many lapsed. */
export async function lapseForces(store: Store, now: number, position: () => Position): Promise<number> {
  const { rows } = await store.pool.query<{ found: boolean }>(findLapsed, [now]);
  if (rows[0]?.found !== true) return 0;
  return withTransaction(store.pool, async (client) => {
    // The revision first: whoever forces a machine takes it before the row.
    const revision = await takeRevision(client);
    const changes = (await rowsOf<LapsedRow>(client, deleteLapsed, [now])).map(toChange);
    await logChanges(client, changes, { revision, at: now, actor: platte });
    await putIntoOutbox(
      client,
      changes.map((change) => toFact(change, { actor: platte, revision, position })),
    );
    return changes.length;
  });
}

function toChange({ application, machine, until }: LapsedRow): CatalogChange {
  const before = { machine, until };
  return {
    of: 'force',
    kind: 'ForceLapsed',
    application,
    group: null,
    machine,
    subject: machine,
    cause: '',
    before,
    after: null,
  };
}
