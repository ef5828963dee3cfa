// The catalog as a deciding process holds it: a copy, trusted only while its group's revision is the one under the lock.
import { indexSnapshot, type SnapshotIndex } from '@platte/rollout';
import { readRevision } from './catalog-revision.js';
import { buildSnapshot } from './catalog-snapshots.js';
import type { Client } from './transaction.js';

export type HeldCatalog = Map<string, SnapshotIndex>;

export function indexOf(catalog: HeldCatalog, application: string): SnapshotIndex | undefined {
  return catalog.get(application);
}

/** From PostgreSQL, in the caller's transaction; undefined where there is no such application. */
export async function reloadIndex(
  client: Client,
  catalog: HeldCatalog,
  application: string,
): Promise<SnapshotIndex | undefined> {
  const snapshot = await buildSnapshot(client, application, await readRevision(client));
  if (snapshot === null) {
    catalog.delete(application);
    return undefined;
  }
  const index = indexSnapshot(snapshot);
  catalog.set(application, index);
  return index;
}
