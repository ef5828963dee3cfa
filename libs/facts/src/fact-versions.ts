// The version of every kind that this program writes and reads. Fields that old readers may ignore do not raise it;
// anything else does, together with an upcaster from the version before and a golden file of the new one.
import { catalogFactKinds } from './catalog-facts.js';
import { rolloutFactKinds } from './rollout-facts.js';
import type { FactKind } from './fact.js';

const machineFactKinds = [
  'MachineCheckedIn',
  'EventReported',
  'SyncerCheckedIn',
  'UpdateGranted',
  'LeaseEnded',
] as const;

export const factKinds: readonly FactKind[] = [
  ...machineFactKinds,
  ...rolloutFactKinds,
  ...catalogFactKinds,
  'HistoryDiffered',
];

export const factVersions: ReadonlyMap<string, number> = new Map(factKinds.map((kind) => [kind, 1]));
