import { ApplicationSnapshot } from '@platte/rollout';

/** The smallest snapshot there is, of one application. */
export function makeSnapshot(revision: number, id = 'e96281a6-d1af-4bde-9a0a-97b76e56dc57'): ApplicationSnapshot {
  return ApplicationSnapshot.parse({
    format: 1,
    revision,
    application: { id, name: 'flatcar', description: '', versioning: 'semver', reboots: true, productId: null },
    packages: [],
    channels: [],
    groups: [],
    deadEnds: [],
    held: [],
    forced: [],
  });
}
