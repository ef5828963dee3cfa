// The append-only log of the catalog: every change for good, with its actor, before and after.
import type { Actor } from '@platte/facts';
import type { CatalogChange } from '@platte/rollout';
import type { Client } from './transaction.js';

const logChange = `
  insert into catalog_change (
    revision, number, at, actor, actor_kind, kind, application, update_group, machine, subject, cause, before, after)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`;

export async function logChanges(
  client: Client,
  changes: readonly CatalogChange[],
  { revision, at, actor, number: first = 0 }: { revision: number; at: number; actor: Actor; number?: number },
): Promise<void> {
  for (const [index, change] of changes.entries()) {
    const number = first + index;
    const { kind, application, group, machine, subject, cause } = change;
    const [before, after] = [change.before, change.after].map((entity) => entity && JSON.stringify(entity));
    const by = [actor.name, actor.kind];
    const values = [revision, number, at, ...by, kind, application, group, machine, subject, cause, before, after];
    await client.query(logChange, values);
  }
}
