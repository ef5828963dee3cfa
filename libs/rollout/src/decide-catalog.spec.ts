import { describe, expect, it } from 'vitest';
import { type CatalogState, noCatalog } from './catalog-state.js';
import { type CatalogCommandInput } from './commands.js';
import {
  id,
  now,
  app,
  pkg1,
  pkg2,
  stable,
  beta,
  group,
  given,
  when,
  said,
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
  ofMachine,
} from './sample-catalog.js';

describe('a command', () => {
  it.each<[string, CatalogState, CatalogCommandInput, unknown]>([
    ['creates an application', noCatalog, createApplication, [['ApplicationCreated', app, {}]]],
    [
      'edits an application',
      catalog,
      { kind: 'EditApplication', application: app, changes: { name: 'Fleet', productId: null } },
      [['ApplicationEdited', app, { name: 'Fleet', productId: null }]],
    ],
    [
      'marks a dead end',
      catalog,
      { kind: 'MarkDeadEnd', application: app, version: '0.9.0', reason: 'no room' },
      [['DeadEndMarked', '0.9.0', {}]],
    ],
    [
      'clears a dead end',
      given(...base, { kind: 'MarkDeadEnd', application: app, version: '0.9.0', reason: 'x' }),
      { kind: 'ClearDeadEnd', application: app, version: '0.9.0' },
      [['DeadEndCleared', '0.9.0', null]],
    ],
    [
      'creates a package',
      given(createApplication),
      { kind: 'CreatePackage', ...payload, version: '3.0.0', arch: 'amd64' },
      [['PackageCreated', id(999), {}]],
    ],
    [
      'edits a package',
      catalog,
      { kind: 'EditPackage', application: app, package: pkg1, changes: { size: 11 } },
      [['PackageEdited', pkg1, { size: 11 }]],
    ],
    [
      'deletes a package that nothing names',
      catalog,
      { kind: 'DeletePackage', application: app, package: pkg2 },
      [['PackageDeleted', pkg2, null]],
    ],
    [
      'deletes a package that is only blacklisted',
      given(...base, { kind: 'BlacklistPackage', ...ofStable, package: pkg2 }),
      { kind: 'DeletePackage', application: app, package: pkg2 },
      [
        ['PackageUnblacklisted', stable, null],
        ['PackageDeleted', pkg2, null],
      ],
    ],
    [
      'creates a channel with its package',
      given(createApplication, ...packages),
      channels[0],
      [['ChannelCreated', stable, {}]],
    ],
    [
      'edits a channel',
      catalog,
      { kind: 'EditChannel', ...ofStable, changes: { color: '#ffffff' } },
      [['ChannelEdited', stable, { color: '#ffffff' }]],
    ],
    [
      'assigns a package, and a rollout starts',
      catalog,
      { kind: 'AssignPackage', ...ofStable, package: pkg2 },
      [
        ['PackageAssigned', stable, { package: pkg2 }],
        ['RolloutSuperseded', id(100), { state: 'superseded', cause: 'the rollout of 2.0.0 started' }],
        ['RolloutStarted', id(999), {}],
      ],
    ],
    [
      'edits a channel and its package at once',
      catalog,
      { kind: 'EditChannel', ...ofStable, changes: { name: 'stable-2', package: null } },
      [
        ['ChannelEdited', stable, { name: 'stable-2' }],
        ['PackageAssigned', stable, { package: null }],
      ],
    ],
    [
      'deletes a channel with its marks',
      given(
        ...base,
        { kind: 'SetFloor', application: app, channel: beta, package: pkg1 },
        { kind: 'BlacklistPackage', application: app, channel: beta, package: pkg2 },
      ),
      { kind: 'DeleteChannel', application: app, channel: beta },
      [
        ['FloorRemoved', beta, null],
        ['PackageUnblacklisted', beta, null],
        ['ChannelDeleted', beta, null],
      ],
    ],
    [
      'sets a floor',
      catalog,
      { kind: 'SetFloor', ...ofStable, package: pkg2, reason: 'layout' },
      [['FloorSet', stable, {}]],
    ],
    [
      'sets a floor that is current',
      catalog,
      { kind: 'SetFloor', ...ofStable, package: pkg1 },
      [['FloorSet', stable, {}]],
    ],
    [
      'removes a floor',
      given(...base, { kind: 'SetFloor', ...ofStable, package: pkg2 }),
      { kind: 'RemoveFloor', ...ofStable, package: pkg2 },
      [['FloorRemoved', stable, null]],
    ],
    [
      'blacklists a package',
      catalog,
      { kind: 'BlacklistPackage', ...ofStable, package: pkg2 },
      [['PackageBlacklisted', stable, {}]],
    ],
    [
      'takes a package off the blacklist',
      given(...base, { kind: 'BlacklistPackage', ...ofStable, package: pkg2 }),
      { kind: 'UnblacklistPackage', ...ofStable, package: pkg2 },
      [['PackageUnblacklisted', stable, null]],
    ],
    [
      'creates a group, and its rollout starts',
      given(createApplication, ...packages, ...channels),
      createGroup,
      [
        ['GroupCreated', group, {}],
        ['RolloutStarted', id(999), {}],
      ],
    ],
    [
      'creates a group that is off: no rollout starts',
      given(createApplication, ...packages, ...channels),
      { ...createGroup, policy: { updatesEnabled: false } },
      [['GroupCreated', group, {}]],
    ],
    [
      'moves a group to another channel',
      catalog,
      { kind: 'EditGroup', ...ofGroup, changes: { channel: beta } },
      [['GroupEdited', group, { channel: beta }]],
    ],
    [
      'edits a group and its policy at once',
      catalog,
      { kind: 'EditGroup', ...ofGroup, changes: { name: 'S', policy: { safeMode: true } } },
      [
        ['GroupEdited', group, { name: 'S' }],
        ['GroupPolicySet', group, { policy: expect.objectContaining({ safeMode: true, updatesEnabled: true }) }],
      ],
    ],
    [
      'sets a policy',
      catalog,
      { kind: 'SetGroupPolicy', ...ofGroup, policy: { concurrencyLimit: 3 } },
      [['GroupPolicySet', group, { policy: expect.objectContaining({ concurrencyLimit: 3 }) }]],
    ],
    [
      'pauses a group',
      catalog,
      { kind: 'PauseGroup', ...ofGroup, cause: 'a fire' },
      [
        [
          'GroupPaused',
          group,
          { stop: { actor: { kind: 'person', name: 'anna' }, at: now, note: 'a fire', switchesOn: false } },
        ],
      ],
    ],
    [
      'resumes a group',
      given(...base, { kind: 'PauseGroup', ...ofGroup }),
      { kind: 'ResumeGroup', ...ofGroup },
      [['GroupResumed', group, { stop: null }]],
    ],
    [
      'resumes a group whose channel moved on: the next rollout starts',
      given(...base, { kind: 'PauseGroup', ...ofGroup }, { kind: 'AssignPackage', ...ofStable, package: pkg2 }),
      { kind: 'ResumeGroup', ...ofGroup },
      [
        ['GroupResumed', group, expect.anything()],
        ['RolloutSuperseded', id(100), expect.anything()],
        ['RolloutStarted', id(999), {}],
      ],
    ],
    [
      'deletes a group',
      catalog,
      { kind: 'DeleteGroup', ...ofGroup },
      [
        ['RolloutSuperseded', id(100), expect.anything()],
        ['GroupDeleted', group, null],
      ],
    ],
    [
      'pauses a rollout',
      catalog,
      { kind: 'PauseRollout', ...ofGroup, cause: 'lunch' },
      [['RolloutPaused', id(100), { state: 'paused', cause: 'lunch' }]],
    ],
    [
      'resumes a rollout',
      given(...base, { kind: 'PauseRollout', ...ofGroup }),
      { kind: 'ResumeRollout', ...ofGroup },
      [['RolloutResumed', id(100), { state: 'running' }]],
    ],
    [
      'resumes a halted rollout',
      given(...base, { kind: 'HaltRollout', ...ofGroup }),
      { kind: 'ResumeRollout', ...ofGroup },
      [['RolloutResumed', id(100), { state: 'running' }]],
    ],
    [
      'halts a rollout',
      catalog,
      { kind: 'HaltRollout', ...ofGroup, cause: 'smoke' },
      [['RolloutHalted', id(100), { state: 'halted', cause: 'smoke' }]],
    ],
    [
      'starts a halted rollout anew',
      given(...base, { kind: 'HaltRollout', ...ofGroup }),
      { kind: 'StartRollout', ...ofGroup },
      [
        ['RolloutSuperseded', id(100), expect.anything()],
        ['RolloutStarted', id(999), {}],
      ],
    ],
    ['holds a machine', catalog, { kind: 'HoldMachine', ...ofMachine, note: 'disk' }, [['MachineHeld', 'm1', {}]]],
    [
      'releases a machine',
      given(...base, { kind: 'HoldMachine', ...ofMachine }),
      { kind: 'ReleaseMachine', ...ofMachine },
      [['MachineReleased', 'm1', null]],
    ],
    ['forces a machine', catalog, { kind: 'ForceMachine', ...ofMachine }, [['MachineForced', 'm1', {}]]],
    [
      'labels a machine',
      given(...base, { kind: 'EditMachine', ...ofMachine, labels: { rack: '1', role: 'db' } }),
      { kind: 'EditMachine', ...ofMachine, labels: { rack: '2', role: null } },
      [['MachineLabelled', 'm1', { labels: { rack: '2' } }]],
    ],
    ['renames a machine', catalog, { kind: 'EditMachine', ...ofMachine, name: 'door' }, [['MachineRenamed', 'm1', {}]]],
    [
      'renames and labels a machine at once, and changes nothing that is so already',
      given(...base, { kind: 'EditMachine', ...ofMachine, name: 'door', labels: { rack: '1' } }),
      { kind: 'EditMachine', ...ofMachine, name: 'gate', labels: { rack: '2' } },
      [
        ['MachineRenamed', 'm1', { name: 'gate' }],
        ['MachineLabelled', 'm1', { labels: { rack: '2' } }],
      ],
    ],
    [
      'deletes a machine and what is written on it',
      withState(
        given(
          ...base,
          { kind: 'HoldMachine', ...ofMachine },
          { kind: 'ForceMachine', ...ofMachine },
          { kind: 'EditMachine', ...ofMachine, name: 'x' },
        ),
        { machines: new Map([['m1', { hasOpenAttempt: false }]]) },
      ),
      { kind: 'DeleteMachine', ...ofMachine },
      [
        ['MachineReleased', 'm1', null],
        ['ForceLapsed', 'm1', null],
        ['MachineLabelled', 'm1', null],
        ['MachineDeleted', 'm1', null],
      ],
    ],
    [
      'cancels an attempt',
      withState(catalog, { machines: new Map([['m1', { hasOpenAttempt: true }]]) }),
      { kind: 'CancelAttempt', ...ofMachine },
      [['AttemptCancelled', 'm1', null]],
    ],
    [
      'forgives failures',
      withState(catalog, { machines: new Map([['m1', { hasOpenAttempt: false }]]) }),
      { kind: 'ForgiveFailures', ...ofMachine },
      [['FailuresForgiven', 'm1', null]],
    ],
    [
      'deletes an application with what is in it',
      given(
        createApplication,
        ...packages.slice(0, 1),
        ...channels.slice(0, 1),
        { kind: 'SetFloor', ...ofStable, package: pkg1 },
        { kind: 'MarkDeadEnd', application: app, version: '0.1.0', reason: 'x' },
      ),
      { kind: 'DeleteApplication', application: app },
      [
        ['FloorRemoved', stable, null],
        ['ChannelDeleted', stable, null],
        ['PackageDeleted', pkg1, null],
        ['DeadEndCleared', '0.1.0', null],
        ['ApplicationDeleted', app, null],
      ],
    ],
    [
      'removes the example packages',
      given(createApplication, { ...packages[0], example: true }, packages[1], ...channels, createGroup),
      { kind: 'RemoveExamplePackages', application: app },
      [
        ['PackageAssigned', stable, { package: null }],
        ['PackageDeleted', pkg1, null],
        ['RolloutSuperseded', id(100), { state: 'superseded', cause: 'its package was deleted' }],
      ],
    ],
  ])('%s', (_, state, command, changes) => {
    expect(said(when(state, command))).toEqual(changes);
  });

  it.each<[string, CatalogState, CatalogCommandInput]>([
    ['an edit to what is so', catalog, { kind: 'EditApplication', application: app, changes: { name: 'Flatcar' } }],
    ['the package that it has', catalog, { kind: 'AssignPackage', ...ofStable, package: pkg1 }],
    [
      'a pause of a paused group',
      given(...base, { kind: 'PauseGroup', ...ofGroup }),
      { kind: 'PauseGroup', ...ofGroup },
    ],
    ['a resume of a running group', catalog, { kind: 'ResumeGroup', ...ofGroup }],
    ['a resume of a running rollout', catalog, { kind: 'ResumeRollout', ...ofGroup }],
    [
      'a halt of a halted rollout',
      given(...base, { kind: 'HaltRollout', ...ofGroup }),
      { kind: 'HaltRollout', ...ofGroup },
    ],
    [
      'a pause of a paused rollout',
      given(...base, { kind: 'PauseRollout', ...ofGroup }),
      { kind: 'PauseRollout', ...ofGroup },
    ],
    ['a floor that is not there', catalog, { kind: 'RemoveFloor', ...ofStable, package: pkg2 }],
    ['a dead end that is not there', catalog, { kind: 'ClearDeadEnd', application: app, version: '9.9.9' }],
    ['a release of a free machine', catalog, { kind: 'ReleaseMachine', ...ofMachine }],
    ['examples that are not there', catalog, { kind: 'RemoveExamplePackages', application: app }],
  ])('that repeats %s changes nothing and is no error', (_, state, command) => {
    expect(when(state, command)).toEqual([]);
  });
});
