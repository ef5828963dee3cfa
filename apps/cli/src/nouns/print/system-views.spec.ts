import { expect, it } from 'vitest';
import { describeDifference } from './system-views.js';

it('shows the fields of a change that differ, also within others', () => {
  const policy = { rateLimit: null, hours: { kind: 'always' }, safeMode: false };
  const before = { name: 'Stable', policy };
  const after = { name: 'Stable', policy: { ...policy, rateLimit: { max: 50, periodMs: 1000 }, safeMode: true } };
  expect(describeDifference(before, after)).toBe(
    'policy.rateLimit: none -> {"max":50,"periodMs":1000}, policy.safeMode: false -> true',
  );
});

it('shows nothing of what was made or taken away: the whole is in -o json', () => {
  expect(describeDifference(null, { name: 'x' })).toBe('');
});
