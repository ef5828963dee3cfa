// Builds the snapshots that ingress and policy judge by, each from one consistent view of the database.
import type { ApplicationSnapshot, Channel, Group } from '@platte/rollout';
import { readRevision } from './catalog-revision.js';
import { readApplication, readParts, rowsOf, type StopRow, withoutChanged } from './catalog-rows.js';
import type { Store } from './store.js';
import { type Client, withTransaction } from './transaction.js';

const selectApplications = `select id from application order by id`;
const selectChanged = `select distinct application as id from catalog_change where revision > $1`;

/** The catalog at one revision. */
export interface CatalogSnapshots {
  revision: number;
  snapshots: ApplicationSnapshot[];
  /** Applications that changed and are no more. */
  gone: string[];
}

/** All applications; or only those that changed after revision `since`. */
export async function readSnapshots(store: Store, since: number | null = null): Promise<CatalogSnapshots> {
  return withOneView(store, async (client) => {
    const revision = await readRevision(client);
    const ids =
      since === null
        ? await rowsOf<{ id: string }>(client, selectApplications, [])
        : await rowsOf<{ id: string }>(client, selectChanged, [since]);
    const snapshots: ApplicationSnapshot[] = [];
    const gone: string[] = [];
    for (const { id } of ids) {
      const snapshot = await buildSnapshot(client, id, revision);
      if (snapshot === null) gone.push(id);
      else snapshots.push(snapshot);
    }
    return { revision, snapshots, gone };
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
  const { packages, channels, floors, blacklist, groups, rollouts, stops, deadEnds, holds, forces } = await readParts(
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
      ...withStop(group, stops),
      rollout: rollouts.find((rollout) => rollout.group === group.id) ?? null,
    })),
    deadEnds,
    held: holds,
    forced: forces,
  };
}

/** Programs that do not know stops refuse by the policy. */
function withStop(
  { id, policy }: Group,
  stops: readonly StopRow[],
): Pick<ApplicationSnapshot['groups'][number], 'policy' | 'stop'> {
  const found = stops.find((stop) => stop.group === id);
  if (found === undefined) return { policy, stop: null };
  const { actor, at, note, switchesOn } = found;
  return {
    policy: { ...policy, updatesEnabled: false },
    stop: { actor: actor.name, at, note, policyEnabled: policy.updatesEnabled || switchesOn },
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
