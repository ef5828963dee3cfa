import { describe, expect, it } from 'vitest';
import { forcedMax, floorsMax, heldMax, labelsMax } from './decide-context.js';
import { type CatalogState, noCatalog } from './catalog-state.js';
import { type CatalogCommandInput } from './commands.js';
import { isRejection } from './rejection.js';
import {
  now,
  id,
  app,
  otherApp,
  pkg1,
  pkg2,
  pkgArm,
  stable,
  beta,
  group,
  group2,
  given,
  when,
  withState,
  payload,
  createApplication,
  packages,
  channels,
  createGroup,
  base,
  catalog,
  ofStable,
  ofGroup,
  finish,
  ofMachine,
} from './sample-catalog.js';

const many = <T>(count: number, make: (i: number) => readonly [string, T]) =>
  new Map(Array.from({ length: count }, (_, i) => make(i)));
const blacklisted = given(...base, { kind: 'BlacklistPackage', ...ofStable, package: pkg2 });
const twoApps = {
  ...catalog,
  applications: new Map([
    ...catalog.applications,
    [otherApp, { id: otherApp, name: 'Other', productId: 'io.example.other' }] as const,
  ]),
};

describe('a refusal', () => {
  it.each<[string, CatalogState, CatalogCommandInput, string]>([
    ['unknown-application', noCatalog, { kind: 'PauseGroup', ...ofGroup }, '/application'],
    ['unknown-application', noCatalog, { kind: 'CreateApplication', name: 'x', cloneOf: app }, '/cloneOf'],
    ['id-taken', catalog, { kind: 'CreateApplication', id: app, name: 'x' }, '/id'],
    ['name-taken', catalog, { kind: 'CreateApplication', name: 'Flatcar' }, '/name'],
    ['name-taken', twoApps, { kind: 'EditApplication', application: app, changes: { name: 'Other' } }, '/changes/name'],
    [
      'product-id-taken',
      catalog,
      { kind: 'CreateApplication', name: 'x', productId: 'IO.EXAMPLE.agent' },
      '/productId',
    ],
    [
      'invalid-version',
      given(createApplication, { ...packages[0], version: '1.0.0-rc.1' }),
      { kind: 'EditApplication', application: app, changes: { versioning: 'dotted' } },
      '/changes/versioning',
    ],
    ['in-use', catalog, { kind: 'DeleteApplication', application: app }, ''],
    ['invalid-version', catalog, { kind: 'MarkDeadEnd', application: app, version: 'x', reason: 'x' }, '/version'],
    ['id-taken', catalog, { kind: 'CreatePackage', ...payload, id: pkg1, version: '9.0.0', arch: 'amd64' }, '/id'],
    ['invalid-version', catalog, { kind: 'CreatePackage', ...payload, version: '1.2', arch: 'amd64' }, '/version'],
    ['invalid-version', catalog, { kind: 'CreatePackage', ...payload, version: '0.0.0', arch: 'amd64' }, '/version'],
    ['version-taken', catalog, { kind: 'CreatePackage', ...payload, version: '1.0.0', arch: 'amd64' }, '/version'],
    [
      'action-missing',
      catalog,
      { kind: 'CreatePackage', ...payload, version: '9.0.0', arch: 'amd64', action: null },
      '/action',
    ],
    [
      'action-not-allowed',
      catalog,
      { kind: 'CreatePackage', ...payload, version: '9.0.0', arch: 'amd64', type: 'docker' },
      '/action',
    ],
    [
      'hashes-disagree',
      catalog,
      { kind: 'CreatePackage', ...payload, version: '9.0.0', arch: 'amd64', sha256: 'f'.repeat(64) },
      '/action/sha256',
    ],
    [
      'file-name-taken',
      catalog,
      { kind: 'EditPackage', application: app, package: pkg1, changes: { files: [{ name: 'update.gz', size: 1 }] } },
      '/changes/files/0/name',
    ],
    ['unknown-package', catalog, { kind: 'DeletePackage', application: app, package: id(77) }, '/package'],
    ['in-use', catalog, { kind: 'DeletePackage', application: app, package: pkg1 }, ''],
    [
      'in-use',
      given(...base, { kind: 'SetFloor', ...ofStable, package: pkg2 }),
      { kind: 'DeletePackage', application: app, package: pkg2 },
      '',
    ],
    ['id-taken', catalog, { ...channels[0], name: 'x' }, '/id'],
    ['name-taken', catalog, { kind: 'CreateChannel', application: app, name: 'stable', arch: 'amd64' }, '/name'],
    ['unknown-package', catalog, { kind: 'AssignPackage', ...ofStable, package: id(77) }, '/package'],
    ['arch-mismatch', catalog, { kind: 'AssignPackage', ...ofStable, package: pkgArm }, '/package'],
    ['package-blacklisted', blacklisted, { kind: 'AssignPackage', ...ofStable, package: pkg2 }, '/package'],
    ['package-blacklisted', blacklisted, { kind: 'SetFloor', ...ofStable, package: pkg2 }, '/package'],
    ['package-is-current', catalog, { kind: 'BlacklistPackage', ...ofStable, package: pkg1 }, '/package'],
    [
      'package-is-floor',
      given(...base, { kind: 'SetFloor', ...ofStable, package: pkg2 }),
      { kind: 'BlacklistPackage', ...ofStable, package: pkg2 },
      '/package',
    ],
    ['arch-mismatch', catalog, { kind: 'SetFloor', ...ofStable, package: pkgArm }, '/package'],
    [
      'too-many',
      withState(catalog, {
        floors: Array.from({ length: floorsMax }, (_, i) => ({ channel: stable, package: id(500 + i), reason: '' })),
      }),
      { kind: 'SetFloor', ...ofStable, package: pkg2 },
      '',
    ],
    [
      'in-use',
      withState(catalog, { underWay: new Map([[pkg2, 1]]) }),
      { kind: 'DeletePackage', application: app, package: pkg2 },
      '',
    ],
    ['in-use', catalog, { kind: 'DeleteChannel', ...ofStable }, ''],
    ['id-taken', catalog, { ...createGroup, name: 'x', track: 'x' }, '/id'],
    ['name-taken', catalog, { kind: 'CreateGroup', application: app, name: 'Stable', track: 'x' }, '/name'],
    [
      'track-taken',
      catalog,
      { kind: 'CreateGroup', application: app, name: 'x', track: 'stable', channel: stable },
      '/track',
    ],
    [
      'track-taken',
      catalog,
      { kind: 'CreateGroup', application: app, name: 'x', track: 'stable', channel: beta },
      '/track',
    ],
    ['unknown-channel', catalog, { kind: 'EditGroup', ...ofGroup, changes: { channel: id(77) } }, '/changes/channel'],
    ['unknown-group', catalog, { kind: 'PauseGroup', application: app, group: group2 }, '/group'],
    [
      'invalid-time-zone',
      catalog,
      { kind: 'SetGroupPolicy', ...ofGroup, policy: { timezone: 'Mars/Base' } },
      '/policy/timezone',
    ],
    [
      'invalid-time-zone',
      catalog,
      { kind: 'SetGroupPolicy', ...ofGroup, policy: { timezone: 'BST' } },
      '/policy/timezone',
    ],
    [
      'invalid-window',
      catalog,
      {
        kind: 'SetGroupPolicy',
        ...ofGroup,
        policy: { hours: { kind: 'windows', windows: [{ days: [1], from: 100, to: 100 }] } },
      },
      '/policy/hours/windows/0/to',
    ],
    [
      'invalid-freeze',
      catalog,
      {
        kind: 'SetGroupPolicy',
        ...ofGroup,
        policy: { freezes: [{ from: '2026-12-02', to: '2026-12-01', note: '' }] },
      },
      '/policy/freezes/0/to',
    ],
    [
      'invalid-backoff',
      catalog,
      { kind: 'SetGroupPolicy', ...ofGroup, policy: { backoffMaxMs: 1 } },
      '/policy/backoffMaxMs',
    ],
    ['in-use', withState(catalog, { openLeases: new Map([[group, 2]]) }), { kind: 'DeleteGroup', ...ofGroup }, ''],
    [
      'unknown-rollout',
      given(createApplication, { kind: 'CreateGroup', application: app, id: group, name: 'x' }),
      { kind: 'PauseRollout', ...ofGroup },
      '',
    ],
    ['unknown-group', catalog, { kind: 'PauseRollout', application: app, group: group2 }, '/group'],
    [
      'rollout-ended',
      given(...base, { kind: 'HaltRollout', ...ofGroup }),
      { kind: 'PauseRollout', ...ofGroup },
      '/group',
    ],
    [
      'unknown-rollout',
      given(createApplication, { kind: 'CreateGroup', application: app, id: group, name: 'x' }),
      finish,
      '',
    ],
    ['rollout-running', catalog, { kind: 'StartRollout', ...ofGroup }, '/group'],
    [
      'no-package',
      given(createApplication, { kind: 'CreateGroup', application: app, id: group, name: 'x' }),
      { kind: 'StartRollout', ...ofGroup },
      '/group',
    ],
    [
      'updates-disabled',
      given(...base, { kind: 'PauseGroup', ...ofGroup }),
      { kind: 'StartRollout', ...ofGroup },
      '/group',
    ],
    [
      'too-many',
      withState(catalog, { holds: many(heldMax, (i) => [`x${i}`, { machine: `x${i}`, note: '' }]) }),
      { kind: 'HoldMachine', ...ofMachine },
      '',
    ],
    [
      'too-many',
      withState(catalog, { forces: many(forcedMax, (i) => [`x${i}`, { machine: `x${i}`, until: now + 1 }]) }),
      { kind: 'ForceMachine', ...ofMachine },
      '',
    ],
    [
      'too-many',
      catalog,
      {
        kind: 'EditMachine',
        ...ofMachine,
        name: 'x',
        labels: Object.fromEntries(many(labelsMax + 1, (i) => [`k${i}`, ''])),
      },
      '/labels',
    ],
    ['unknown-machine', catalog, { kind: 'DeleteMachine', ...ofMachine }, '/machine'],
    ['unknown-machine', catalog, { kind: 'CancelAttempt', ...ofMachine }, '/machine'],
    ['unknown-machine', catalog, { kind: 'ForgiveFailures', ...ofMachine }, '/machine'],
    [
      'no-open-attempt',
      withState(catalog, { machines: new Map([['m1', { hasOpenAttempt: false }]]) }),
      { kind: 'CancelAttempt', ...ofMachine },
      '/machine',
    ],
  ])('%s: %#', (reason, state, command, pointer) => {
    const decided = when(state, command);
    expect(decided).toMatchObject({ rejected: reason, pointer });
    expect(isRejection(decided) && decided.words).toMatch(/^[A-Z0-9].*\.$/);
  });

  it('stale-revision: what changed after its sender saw it', () => {
    // The group's row of `given` changed in revision 8, its channel's in 5.
    expect(when(catalog, { kind: 'PauseGroup', ...ofGroup, seen: 7 })).toMatchObject({
      rejected: 'stale-revision',
      pointer: '/seen',
    });
    expect(when(catalog, { kind: 'PauseGroup', ...ofGroup, seen: 8 })).toHaveLength(1);
    expect(when(catalog, { kind: 'AssignPackage', ...ofStable, package: pkg2, seen: 4 })).toMatchObject({
      rejected: 'stale-revision',
    });
  });

  it('in-use: says what uses it', () => {
    expect(when(catalog, { kind: 'DeleteChannel', ...ofStable })).toMatchObject({
      uses: [{ kind: 'group', id: group, name: 'Stable' }],
    });
    expect(
      when(given(...base, { kind: 'SetFloor', application: app, channel: beta, package: pkg1 }), {
        kind: 'DeletePackage',
        application: app,
        package: pkg1,
      }),
    ).toMatchObject({
      uses: [
        { kind: 'channel', id: stable, name: 'stable' },
        { kind: 'floor', id: beta, name: 'beta' },
      ],
    });
  });
});
