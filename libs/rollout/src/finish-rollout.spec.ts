// A finished rollout: what makes it so, and that it stops nothing.
import { describe, expect, it } from 'vitest';
import type { CatalogState } from './catalog-state.js';
import type { CatalogCommandInput } from './commands.js';
import {
  base,
  catalog,
  finish,
  given,
  id,
  ofGroup,
  ofStable,
  pkg2,
  rollout,
  said,
  stable,
  when,
} from './sample-catalog.js';

const finished = given(...base, finish);
const pause = { kind: 'PauseRollout', ...ofGroup } as const;
const resume = { kind: 'ResumeRollout', ...ofGroup } as const;
const halt = { kind: 'HaltRollout', ...ofGroup, cause: 'smoke' } as const;

describe('a rollout', () => {
  it.each<[string, CatalogState, CatalogCommandInput, unknown]>([
    [
      'that is running finishes',
      catalog,
      { ...finish, cause: 'all have it' },
      [['RolloutFinished', rollout, { state: 'finished', cause: 'all have it' }]],
    ],
    [
      'that was resumed finishes again',
      given(...base, finish, pause, resume),
      finish,
      [['RolloutFinished', rollout, { state: 'finished' }]],
    ],
    ['that is finished finishes no second time', finished, finish, []],
    ['that is finished goes on without a resume', finished, resume, []],
    ['that is finished can be paused', finished, pause, [['RolloutPaused', rollout, { state: 'paused' }]]],
    [
      'that is finished can be halted',
      finished,
      halt,
      [['RolloutHalted', rollout, { state: 'halted', cause: 'smoke' }]],
    ],
    [
      'that is finished can be started anew',
      finished,
      { kind: 'StartRollout', ...ofGroup },
      [
        ['RolloutSuperseded', rollout, expect.anything()],
        ['RolloutStarted', id(999), {}],
      ],
    ],
    [
      'that is finished makes way for the channel’s next package',
      finished,
      { kind: 'AssignPackage', ...ofStable, package: pkg2 },
      [
        ['PackageAssigned', stable, { package: pkg2 }],
        ['RolloutSuperseded', rollout, { state: 'superseded', cause: 'the rollout of 2.0.0 started' }],
        ['RolloutStarted', id(999), {}],
      ],
    ],
    [
      'that is finished ends with its group',
      finished,
      { kind: 'DeleteGroup', ...ofGroup },
      [
        ['RolloutSuperseded', rollout, expect.anything()],
        ['GroupDeleted', ofGroup.group, null],
      ],
    ],
  ])('%s', (_, state, command, changes) => {
    expect(said(when(state, command))).toEqual(changes);
  });

  it.each<[string, CatalogState, string]>([
    ['is paused', given(...base, pause), '/group'],
    ['is halted', given(...base, halt), '/group'],
    ['was followed by another one', given(...base, { kind: 'AssignPackage', ...ofStable, package: pkg2 }), '/rollout'],
    [
      'lost its package in the channel',
      given(...base, { kind: 'AssignPackage', ...ofStable, package: null }),
      '/rollout',
    ],
    [
      'is behind its channel, as its group is paused',
      given(...base, { kind: 'PauseGroup', ...ofGroup }, { kind: 'AssignPackage', ...ofStable, package: pkg2 }),
      '/rollout',
    ],
  ])('that %s does not finish', (_, state, pointer) => {
    expect(when(state, finish)).toMatchObject({ rejected: 'rollout-ended', pointer });
  });
});
