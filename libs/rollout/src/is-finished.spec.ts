import { expect, it } from 'vitest';
import { isFinished, type MachineCounts } from './is-finished.js';

const rollout = { toVersion: '2.0.0' };

it.each<[boolean, string, MachineCounts]>([
  [true, 'every machine has the version', { versions: { '2.0.0': 3 }, statuses: { complete: 3 } }],
  [true, 'one has it', { versions: { '2.0.0': 1 }, statuses: { complete: 1 } }],
  [true, 'they write it in another way', { versions: { '2.0.0+a': 1, '2.0.0': 2 }, statuses: { complete: 3 } }],
  [true, 'one that has it is held', { versions: { '2.0.0': 2 }, statuses: { complete: 1, 'on-hold': 1 } }],
  [true, 'versions of no machine are left over', { versions: { '1.0.0': 0, '2.0.0': 2 }, statuses: { complete: 2 } }],
  [false, 'there is no machine', { versions: {}, statuses: {} }],
  [false, 'one has an older version', { versions: { '1.0.0': 1, '2.0.0': 9 }, statuses: { complete: 10 } }],
  [false, 'one has a newer version', { versions: { '3.0.0': 1, '2.0.0': 9 }, statuses: { complete: 10 } }],
  [false, 'one says none', { versions: { '': 1, '2.0.0': 9 }, statuses: { complete: 9, unknown: 1 } }],
  [
    false,
    'one says the name of what every object has',
    {
      versions: Object.fromEntries([
        ['constructor', 1],
        ['__proto__', 1],
        ['2.0.0', 9],
      ]),
      statuses: { complete: 11 },
    },
  ],
  [false, 'one says nonsense', { versions: { latest: 1, '2.0.0': 9 }, statuses: { complete: 10 } }],
  ...(['granted', 'downloading', 'downloaded', 'installed'] as const).map(
    (status): [boolean, string, MachineCounts] => [
      false,
      `one is ${status}`,
      { versions: { '2.0.0': 9 }, statuses: { complete: 8, [status]: 1 } },
    ],
  ),
])('is %s when %s', (finished, _, machines) => {
  expect(isFinished(machines, rollout, 'semver')).toBe(finished);
});

it('compares as the application writes versions', () => {
  const machines = { versions: { '2.0': 1 }, statuses: { complete: 1 } };
  expect(isFinished(machines, rollout, 'dotted')).toBe(true);
  expect(isFinished(machines, rollout, 'semver')).toBe(false);
});
