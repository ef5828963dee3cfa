// A person's pause and the policy's switch: neither command touches the other's.
import { expect, it } from 'vitest';
import type { CatalogState } from './catalog-state.js';
import type { CatalogCommandInput } from './commands.js';
import { base, given, group, now, ofGroup, ofStable, pkg2, said, when } from './sample-catalog.js';

const disable = { kind: 'SetGroupPolicy', ...ofGroup, policy: { updatesEnabled: false } } as const;

const stoppedBefore = ((): CatalogState => {
  const state = given(...base, disable);
  const stop = { actor: { kind: 'person', name: 'anna' }, at: now, note: 'a fire', switchesOn: true } as const;
  return { ...state, application: { ...state.application!, stops: new Map([[group, stop]]) } };
})();

it.each<[string, CatalogState, CatalogCommandInput, unknown]>([
  [
    'resumes a group that was paused before stops existed: the policy takes updates again',
    stoppedBefore,
    { kind: 'ResumeGroup', ...ofGroup },
    [
      ['GroupResumed', group, { stop: null }],
      ['GroupPolicySet', group, { policy: expect.objectContaining({ updatesEnabled: true }) }],
    ],
  ],
  [
    'leaves a pause alone when the policy takes updates',
    given(...base, disable, { kind: 'PauseGroup', ...ofGroup }, { kind: 'AssignPackage', ...ofStable, package: pkg2 }),
    { kind: 'SetGroupPolicy', ...ofGroup, policy: { updatesEnabled: true } },
    [['GroupPolicySet', group, { policy: expect.objectContaining({ updatesEnabled: true }) }]],
  ],
  [
    'leaves the policy alone when a group is resumed whose policy takes no updates',
    given(...base, disable, { kind: 'PauseGroup', ...ofGroup }),
    { kind: 'ResumeGroup', ...ofGroup },
    [['GroupResumed', group, { stop: null }]],
  ],
])('a command %s', (_, state, command, changes) => {
  expect(said(when(state, command))).toEqual(changes);
});
