// A small application for tests: one group `Stable` with track `stable`, on a channel at 4081.2.0 with its rollout running.
import { defaultPolicy, type Package, type Policy, type Rollout } from './catalog.js';
import type { ApplicationSnapshot, SnapshotStop } from './snapshot.js';

export const sampleApp = 'e96281a6-d1af-4bde-9a0a-97b76e56dc57';
export const sampleId = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
// A Friday, 12:00 in Berlin.
export const sampleNow = Date.parse('2026-11-27T11:00:00Z');

export function samplePackage(n: number, version: string, changes: Partial<Package> = {}): Package {
  return {
    id: sampleId(n),
    application: sampleApp,
    version,
    arch: 'amd64',
    type: 'flatcar',
    url: 'https://example.org/',
    filename: 'update.gz',
    size: 1,
    sha1: null,
    sha256: null,
    description: '',
    files: [],
    action: null,
    example: false,
    ...changes,
  };
}

export const samplePackages = [
  samplePackage(1, '4081.2.0'),
  samplePackage(2, '3510.2.8'),
  samplePackage(3, '3815.2.0'),
];
export const sampleWave = {
  places: 10_000,
  soakMs: 0,
  successPercent: 0,
  errorPercent: 100,
  errorCountMin: 0,
  needsApproval: false,
};
export const sampleRollout: Rollout = {
  id: sampleId(20),
  group: sampleId(10),
  package: sampleId(1),
  toVersion: '4081.2.0',
  state: 'running',
  cause: '',
  salt: 'salt',
  waves: [sampleWave],
  openWave: 1,
  startedAt: sampleNow - 1000,
  earlierLeasesUntil: 0,
};

export interface SampleChanges {
  policy?: Partial<Policy>;
  stop?: SnapshotStop | null;
  rollout?: Partial<Rollout> | null;
  package?: string | null;
  floors?: { package: string; reason: string }[];
  blacklist?: string[];
  deadEnds?: { version: string; reason: string }[];
  held?: { machine: string; note: string }[];
  forced?: { machine: string; until: number }[];
  channelless?: boolean;
  packages?: Package[];
}

export function sampleSnapshot(changes: SampleChanges = {}): ApplicationSnapshot {
  return {
    format: 1,
    revision: 7,
    application: {
      id: sampleApp,
      name: 'Flatcar',
      description: '',
      versioning: 'semver',
      reboots: true,
      productId: null,
    },
    packages: changes.packages ?? samplePackages,
    channels: [
      {
        id: sampleId(30),
        application: sampleApp,
        name: 'stable',
        color: '#000000',
        arch: 'amd64',
        package: changes.package === undefined ? sampleId(1) : changes.package,
        floors: changes.floors ?? [],
        blacklist: changes.blacklist ?? [],
      },
    ],
    groups: [
      {
        id: sampleId(10),
        application: sampleApp,
        name: 'Stable',
        description: '',
        track: 'stable',
        revision: 3,
        channel: changes.channelless ? null : sampleId(30),
        policy: { ...defaultPolicy, ...changes.policy },
        stop: changes.stop ?? null,
        rollout: changes.rollout === null ? null : { ...sampleRollout, ...changes.rollout },
      },
    ],
    deadEnds: changes.deadEnds ?? [],
    held: changes.held ?? [],
    forced: changes.forced ?? [],
  };
}
