// The applications as they were last published, by every id that machines name them with.
import { applicationKeys, type ApplicationSnapshot, indexSnapshot, type SnapshotIndex } from '@platte/rollout';

export interface Catalog {
  /** By normalised UUID or product id. */
  find: (id: string) => SnapshotIndex | undefined;
  /** Takes the place of the application's snapshot at once. */
  put: (snapshot: ApplicationSnapshot) => void;
  remove: (application: string) => void;
  size: () => number;
}

export function makeCatalog(): Catalog {
  const applications = new Map<string, SnapshotIndex>();
  let byKey = new Map<string, SnapshotIndex>();

  function rebuildKeys(): void {
    byKey = new Map([...applications.values()].flatMap((index) => applicationKeys(index).map((key) => [key, index])));
  }

  return {
    find: (id) => byKey.get(id),
    size: () => applications.size,
    put(snapshot) {
      applications.set(snapshot.application.id, indexSnapshot(snapshot));
      rebuildKeys();
    },
    remove(application) {
      applications.delete(application);
      rebuildKeys();
    },
  };
}
