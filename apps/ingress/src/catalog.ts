// The applications as they were last published, by every id that machines name them with.
import type { SnapshotsState } from '@platte/fact-log';
import { applicationKeys, type ApplicationSnapshot, indexSnapshot, type SnapshotIndex } from '@platte/rollout';

export interface Catalog {
  /** By normalised UUID or product id. */
  find: (id: string) => SnapshotIndex | undefined;
  /** Takes the place of the application's snapshot at once. */
  put: (snapshot: ApplicationSnapshot) => void;
  remove: (application: string) => void;
  size: () => number;
}

/** For /readyz. */
export function describeCatalog(applications: number, { revision, source, ageMs, trouble }: SnapshotsState): string {
  const what = applications === 1 ? '1 application' : `${applications || 'no'} applications`;
  if (source === 'none') return trouble ?? 'waiting for NATS';
  const seconds = Math.round(ageMs / 1000);
  const detail = `${what}, revision ${revision} from ${source}, ${seconds} s old`;
  return trouble === undefined ? detail : `${detail}; ${trouble}`;
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
