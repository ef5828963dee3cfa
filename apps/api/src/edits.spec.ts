import { describe, expect, it } from 'vitest';
import { toChanges } from './edits.js';

const current = {
  name: 'prod',
  rateLimit: { max: 5, periodMs: 1000 },
  freezes: [{ from: '2026-12-20' }],
  policy: { safeMode: true, hours: { kind: 'office' } },
};

describe('the changes of a merge patch', () => {
  it('are what it names', () => {
    expect(toChanges(current, { name: 'test' })).toEqual({ name: 'test' });
    expect(toChanges(current, {})).toEqual({});
  });

  it('keep the rest of what it names in part', () => {
    expect(toChanges(current, { rateLimit: { max: 7 } })).toEqual({ rateLimit: { max: 7, periodMs: 1000 } });
    expect(toChanges(current, { policy: { hours: { kind: 'always' } } })).toEqual({
      policy: { safeMode: true, hours: { kind: 'always' } },
    });
  });

  it('replace a union whole when they name another variant of it', () => {
    const windows = [{ days: [1], from: 0, to: 60 }];
    const own = { hours: { kind: 'windows', windows } };
    expect(toChanges(own, { hours: { kind: 'always' } })).toEqual({ hours: { kind: 'always' } });
    expect(toChanges({ hours: { kind: 'always' } }, own)).toEqual(own);
    expect(toChanges(own, { hours: { kind: 'windows' } })).toEqual(own);
  });

  it('replace lists whole, and take a null for none', () => {
    expect(toChanges(current, { freezes: [], rateLimit: null })).toEqual({ freezes: [], rateLimit: null });
    expect(toChanges({ rateLimit: null }, { rateLimit: { max: 7 } })).toEqual({ rateLimit: { max: 7 } });
  });
});
