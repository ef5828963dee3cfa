import { describe, expect, it } from 'vitest';
import { findGroup, indexSnapshot } from './snapshot-index.js';
import { judge } from './judge.js';
import { judgeSyncer } from './judge-syncer.js';
import type { Check } from './judgement.js';
import {
  type SampleChanges as Changes,
  sampleId as id,
  sampleNow as now,
  samplePackages as packages,
  sampleSnapshot as snapshot,
  sampleWave as wave,
} from './sample-snapshot.js';

const check: Check = { machine: 'm1', version: '3510.2.8', track: 'stable', arch: 'amd64', versionPrefix: '' };
const target = '4081.2.0';
const judged = (changes: Changes, checked: Partial<Check> = {}) => {
  const judgement = judge({ ...check, ...checked }, indexSnapshot(snapshot(changes)), now);
  return judgement.kind === 'answer' ? judgement.answer : judgement;
};

const weekend: Changes['policy'] = {
  hours: { kind: 'windows', windows: [{ days: [6, 7], from: 0, to: 1440 }] },
  timezone: 'Europe/Berlin',
};
const freeze: Changes['policy'] = {
  freezes: [{ from: '2026-11-27', to: '2026-11-29', note: 'sale' }],
  timezone: 'Europe/Berlin',
};
const smallWave: Changes['rollout'] = { waves: [{ ...wave, places: 1 }, wave] };

describe('floors', () => {
  const floors = [
    { package: id(3), reason: 'new boot layout' },
    { package: id(2), reason: 'first' },
  ];

  it.each([
    ['0.0.0', '3510.2.8'],
    ['3000.0.0', '3510.2.8'],
    ['3510.2.7', '3510.2.8'],
    ['3510.2.8', '3815.2.0'],
    ['3600.0.0', '3815.2.0'],
    ['3815.2.0', '4081.2.0'],
    ['4000.0.0', '4081.2.0'],
  ])('lead a machine at %s to %s', (version, next) => {
    expect(judged({ floors }, { version })).toMatchObject({ kind: 'ask', target: next });
  });

  it('above the channel’s version wait for it', () => {
    expect(judged({ floors, package: id(3), rollout: { package: id(3) } }, { version: '3815.2.0' })).toMatchObject({
      reason: 'up-to-date',
    });
    expect(judged({ floors, package: id(2), rollout: { package: id(2) } }, { version: '3000.0.0' })).toMatchObject({
      target: '3510.2.8',
    });
  });

  it('are not passed on the way down', () => {
    expect(judged({ floors, policy: { allowDowngrade: true } }, { version: '5000.0.0' })).toMatchObject({
      target: '4081.2.0',
    });
  });
});

describe('a track', () => {
  it('leads to the group of the machine’s arch, else of all', () => {
    const base = snapshot();
    const [group] = base.groups;
    const [channel] = base.channels;
    if (!group || !channel) throw new Error('the snapshot has a group');
    const index = indexSnapshot({
      ...base,
      channels: [channel, { ...channel, id: id(31), arch: 'all' }],
      groups: [group, { ...group, id: id(11), channel: id(31) }],
    });
    expect(findGroup(index, 'stable', 'amd64')?.group.id).toBe(id(10));
    expect(findGroup(index, 'stable', 'arm64')?.group.id).toBe(id(11));
    expect(findGroup(index, 'Stable', 'amd64')).toBeUndefined();
  });
});

const syncer = (changes: Changes, version: string, canReadSeveral = true) =>
  judgeSyncer({ ...check, machine: '', version }, canReadSeveral, indexSnapshot(snapshot(changes)));

describe('a syncer', () => {
  const floors = [
    { package: id(3), reason: 'new boot layout' },
    { package: id(2), reason: 'first' },
  ];
  it('gets every manifest from its version up, floors first, the target last', () => {
    const { answer, manifests } = syncer({ floors }, '766.0.0');
    expect(answer.reason).toBe('granted');
    expect(
      manifests.map(({ package: { version }, floorReason, isTarget }) => [version, floorReason, isTarget]),
    ).toEqual([
      ['3510.2.8', 'first', false],
      ['3815.2.0', 'new boot layout', false],
      ['4081.2.0', null, true],
    ]);
  });

  it('D21: that cannot read several manifests gets none where there are floors, and takes no slot', () => {
    expect(syncer({ floors }, '766.0.0', false)).toEqual({
      answer: { reason: 'syncer-needs-multi-manifest', inputs: { target } },
      manifests: [],
    });
    expect(syncer({ floors }, '4000.0.0', false).manifests).toHaveLength(1);
  });

  it('D21: gets no floor that lies at another url than the target, where its one codebase would not find it', () => {
    const strewn = packages.map((pkg) =>
      pkg.version === '3815.2.0' ? { ...pkg, url: 'https://elsewhere.example/' } : pkg,
    );
    const { answer, manifests } = syncer({ floors, packages: strewn }, '766.0.0');
    expect(manifests).toEqual([]);
    expect(answer).toMatchObject({
      reason: 'syncer-needs-multi-manifest',
      inputs: { note: expect.stringContaining('3815.2.0') },
    });
  });

  it('obeys no window, freeze or wave, for it installs nothing', () => {
    for (const changes of [{ policy: weekend }, { policy: freeze }, { rollout: smallWave }]) {
      expect(syncer(changes, '766.0.0').manifests).toHaveLength(1);
    }
  });

  it.each<[string, Changes, string, string]>([
    ['updates off', { policy: { updatesEnabled: false } }, '766.0.0', 'updates-disabled'],
    ['a pause', { rollout: { state: 'paused' } }, '766.0.0', 'rollout-paused'],
    ['a halt', { rollout: { state: 'halted' } }, '766.0.0', 'rollout-halted'],
    ['its own version', {}, '4081.2.0', 'up-to-date'],
    ['a higher version of its own', {}, '5000.0.0', 'ahead-of-channel'],
    ['a version of its own that does not parse', {}, 'x', 'invalid-version'],
  ])('is refused by %s', (_, changes, version, reason) => {
    expect(syncer(changes, version)).toMatchObject({ answer: { reason }, manifests: [] });
  });
});
