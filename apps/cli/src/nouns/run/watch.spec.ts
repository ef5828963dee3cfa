import { describe, expect, it } from 'vitest';
import { describeEvent } from './watch.js';

const names = (id: string | null): string => (id === 'g-1' ? 'Stable' : '?');
const at = Date.UTC(2026, 10, 23, 9);

describe('a fact in a line', () => {
  it.each<[string, string, object, string]>([
    [
      'of a check-in says who asked and what it heard',
      'MachineCheckedIn',
      { at, machine: 'm-1', group: 'g-1', version: '1.0.0', answer: { reason: 'held', inputs: {} } },
      '2026-11-23T09:00:00.000Z  MachineCheckedIn  m-1  Stable  1.0.0  held',
    ],
    [
      'of an event says its type, result and error',
      'EventReported',
      { at, machine: 'm-1', group: 'g-1', version: '1.0.0', type: 3, result: 0, errorCode: '9' },
      '2026-11-23T09:00:00.000Z  EventReported     m-1  Stable  1.0.0  event 3/0 error 9',
    ],
    [
      'of a rollout says who and why',
      'RolloutHalted',
      { at, machine: '', group: 'g-1', toVersion: '2.0.0', actor: 'platte', actorKind: 'token', cause: 'it fails' },
      '2026-11-23T09:00:00.000Z  RolloutHalted     Stable  -> 2.0.0  by token platte  it fails',
    ],
    [
      'of a rollout of before kinds of actors says what they meant',
      'RolloutHalted',
      { at, machine: '', group: 'g-1', toVersion: '2.0.0', actor: 'platte', cause: 'it fails' },
      '2026-11-23T09:00:00.000Z  RolloutHalted     Stable  -> 2.0.0  by rule platte  it fails',
    ],
    ['of an unknown kind says its kind', 'SomethingNew', { at }, '2026-11-23T09:00:00.000Z  SomethingNew    '],
  ])('%s', (_, kind, data, line) => {
    expect(describeEvent({ id: '1', kind, data }, names)).toBe(line);
  });

  it('never steers the terminal', () => {
    const line = describeEvent({ id: '1', kind: 'MachineCheckedIn', data: { at, machine: 'a\u001B[2J' } }, names);
    expect(line).not.toContain('\u001B');
  });
});
