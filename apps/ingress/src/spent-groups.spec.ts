import type { AskedMachine, SpentNotice } from '@platte/rollout';
import { expect, test } from 'vitest';
import { makeSpentGroups } from './spent-groups.js';
import { sampleApp, sampleGroup, sampleNow } from './testing/sample-catalog.js';
import { check, makeTrial } from './testing/trial-check-ins.js';

const notice: SpentNotice = {
  group: sampleGroup,
  revision: 1,
  reason: 'rate-limited',
  limit: 1,
  used: 1,
  periodMs: 60_000,
  until: sampleNow + 60_000,
  except: ['leased'],
  forMs: 1_000,
};
const asked = (machine: string): AskedMachine => ({
  app: sampleApp,
  group: sampleGroup,
  revision: 1,
  version: '1.0.0',
  arch: 'amd64',
  oem: '',
  machine,
  at: sampleNow,
  n: 1,
  versionPrefix: '',
  boot: 0,
  onlyOpenLease: false,
  forced: false,
  events: [],
});

test('refuses by a notice for as long as it is good, counted from the question', () => {
  let uptimeMs = 5_000;
  const groups = makeSpentGroups(() => uptimeMs);
  expect(groups.refuse(asked('m'), '2.0.0')).toBeNull();
  groups.take([notice], 4_500);
  expect(groups.refuse(asked('m'), '2.0.0')).toMatchObject({ reason: 'rate-limited', inputs: { target: '2.0.0' } });
  expect(groups.refuse(asked('m'), '3.0.0')).toMatchObject({ inputs: { target: '3.0.0' } });
  expect(groups.refuse(asked('leased'), '2.0.0')).toBeNull();
  uptimeMs = 5_500;
  expect(groups.refuse(asked('m'), '2.0.0')).toBeNull();
});

test('refuses no more once a slot of the group was freed', () => {
  const groups = makeSpentGroups(() => 0);
  groups.take([notice], 0);
  groups.forget(['another', sampleGroup]);
  expect(groups.refuse(asked('m'), '2.0.0')).toBeNull();
});

test('speaks of its own group only', () => {
  const groups = makeSpentGroups(() => 0);
  groups.take([{ ...notice, group: 'another' }], 0);
  expect(groups.refuse(asked('m'), '2.0.0')).toBeNull();
});

test('a machine that is refused so is answered and recorded, and policy is not asked', async () => {
  const answer = { reason: 'rate-limited', inputs: { limit: 1, used: 1 } } as const;
  const trial = makeTrial({ refuseSpent: () => answer });
  const { body } = await trial.post(check);
  expect(body).toContain('status="noupdate"');
  expect(trial.asked).toEqual([]);
  expect(trial.facts.find(({ kind }) => kind === 'MachineCheckedIn')).toMatchObject({ answer });
});
