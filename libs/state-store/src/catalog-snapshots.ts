// Builds the snapshots that ingress and policy judge by, each from one consistent view of the database.
import { ApplicationSnapshot, type Channel } from '@platte/rollout';
import { readRevision } from './catalog-revision.js';
import { readApplication, readParts, rowsOf, withoutChanged } from './catalog-rows.js';
import type { Store } from './store.js';
import { type Client, withTransaction } from './transaction.js';

const selectApplications = `select id from application order by id`;

/** The catalog at one revision: whatever has no snapshot in it does not exist. */
export interface CatalogSnapshots {
  revision: number;
  snapshots: ApplicationSnapshot[];
}

export async function readSnapshots(store: Store): Promise<CatalogSnapshots> {
  return withOneView(store, async (client) => {
    const revision = await readRevision(client);
    const ids = await rowsOf<{ id: string }>(client, selectApplications, []);
    const snapshots: ApplicationSnapshot[] = [];
    for (const { id } of ids) {
      const snapshot = await buildSnapshot(client, id, revision);
      if (snapshot !== null) snapshots.push(snapshot);
    }
    return { revision, snapshots };
  });
}

/** Null where there is no such application. */
export async function readSnapshot(store: Store, application: string): Promise<ApplicationSnapshot | null> {
  return withOneView(store, async (client) => buildSnapshot(client, application, await readRevision(client)));
}

/** In the caller's transaction: of what it has written so far. */
export async function buildSnapshot(client: Client, id: string, revision: number): Promise<ApplicationSnapshot | null> {
  const found = await readApplication(client, id);
  if (found === undefined) return null;
  const { packages, channels, floors, blacklist, groups, rollouts, deadEnds, holds, forces } = await readParts(
    client,
    id,
    'named',
  );
  return {
    format: 1,
    revision: Math.max(revision, 1),
    application: withoutChanged(found),
    packages: packages.map(withoutChanged),
    channels: channels.map(withoutChanged).map((channel) => ({
      ...channel,
      floors: ofChannel(floors, channel).map(({ package: pkg, reason }) => ({ package: pkg, reason })),
      blacklist: ofChannel(blacklist, channel).map((entry) => entry.package),
    })),
    groups: groups.map(withoutChanged).map((group) => ({
      ...group,
      rollout: rollouts.find((rollout) => rollout.group === group.id) ?? null,
    })),
    deadEnds,
    held: holds,
    forced: forces,
  };
}

function ofChannel<T extends { channel: string }>(entries: readonly T[], { id }: Channel): T[] {
  return entries.filter((entry) => entry.channel === id);
}

function withOneView<T>(store: Store, read: (client: Client) => Promise<T>): Promise<T> {
  return withTransaction(store.pool, async (client) => {
    await client.query('set transaction isolation level repeatable read, read only');
    return read(client);
  });
}
