// A small catalog for tests: application Flatcar with a group `stable` on a channel at 4081.2.0, rolled out in one wave.
import {
  type ApplicationSnapshot,
  defaultPolicy,
  indexSnapshot,
  type Package,
  type Policy,
  type SnapshotIndex,
} from '@platte/rollout';

export const sampleApp = 'e96281a6-d1af-4bde-9a0a-97b76e56dc57';
export const sampleGroup = '00000000-0000-4000-8000-000000000010';
export const sampleChannel = '00000000-0000-4000-8000-000000000030';
export const sampleRollout = '00000000-0000-4000-8000-000000000020';
/** 2026-11-27, noon in Berlin. */
export const sampleNow = Date.parse('2026-11-27T11:00:00Z');

export const samplePackage: Package = {
  id: '00000000-0000-4000-8000-000000000001',
  application: sampleApp,
  version: '4081.2.0',
  arch: 'amd64',
  type: 'flatcar',
  url: 'https://cdn.example/flatcar/amd64-usr/4081.2.0/',
  filename: 'flatcar_production_update.gz',
  size: 382_137_917,
  sha1: 'ACNlAl0+FjCkUyLLbhBJnIBrRKg=',
  sha256: 'a'.repeat(64),
  description: '',
  files: [{ name: 'oem-azure.gz', size: 40_897_503, sha1: 'ACNlAl0+FjCkUyLLbhBJnIBrRKg=', sha256: 'b'.repeat(64) }],
  action: {
    sha256: 'LSCM8jDlXPRKPLBDkQ4wKnRiKJQFB+cCn0hgnKJLyAk=',
    disablePayloadBackoff: true,
    isDelta: false,
    needsAdmin: false,
    displayVersion: null,
    metadataSignatureRsa: null,
    metadataSize: null,
    deadline: null,
  },
  example: false,
};

export const sampleFloor: Package = {
  ...samplePackage,
  id: '00000000-0000-4000-8000-000000000002',
  version: '3510.2.8',
  files: [],
};

export interface SampleChanges {
  policy?: Partial<Policy>;
  floors?: { package: string; reason: string }[];
  productId?: string;
  forced?: { machine: string; until: number }[];
}

export function sampleSnapshot({ policy, floors, productId, forced }: SampleChanges = {}): ApplicationSnapshot {
  const application = sampleApp;
  return {
    format: 1,
    revision: 7,
    application: {
      id: application,
      name: 'Flatcar',
      description: '',
      versioning: 'semver',
      reboots: true,
      productId: productId ?? null,
    },
    packages: [samplePackage, sampleFloor],
    channels: [
      {
        id: sampleChannel,
        application,
        name: 'stable',
        color: '#000000',
        arch: 'amd64',
        package: samplePackage.id,
        floors: floors ?? [],
        blacklist: [],
      },
    ],
    groups: [
      {
        id: sampleGroup,
        application,
        name: 'Stable',
        description: '',
        track: 'stable',
        channel: sampleChannel,
        revision: 3,
        policy: { ...defaultPolicy, ...policy },
        stop: null,
        rollout: {
          id: sampleRollout,
          group: sampleGroup,
          package: samplePackage.id,
          toVersion: samplePackage.version,
          state: 'running',
          cause: '',
          salt: 'salt',
          waves: [
            { places: 10_000, soakMs: 0, successPercent: 0, errorPercent: 100, errorCountMin: 0, needsApproval: false },
          ],
          openWave: 1,
          startedAt: sampleNow - 1000,
          earlierLeasesUntil: 0,
        },
      },
    ],
    deadEnds: [],
    held: [],
    forced: forced ?? [],
  };
}

export const sampleIndex = (changes?: SampleChanges): SnapshotIndex => indexSnapshot(sampleSnapshot(changes));
