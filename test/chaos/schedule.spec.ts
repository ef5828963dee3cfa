import { describe, expect, it } from 'vitest';
import { mostInWindow, mostOpen } from './checks.js';
import { faultKinds, planFaults } from './schedule.js';

const field = {
  programs: ['policy-1', 'ingress-1'],
  servers: ['nats', 'postgres'],
  links: ['ingress-1>nats'],
  groups: 2,
};

describe('the plan of a run', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(planFaults(7, 60_000, field)).toEqual(planFaults(7, 60_000, field));
    expect(planFaults(7, 60_000, field)).not.toEqual(planFaults(8, 60_000, field));
  });

  it('has every kind of fault before chance alone decides', () => {
    const kinds = planFaults(3, 120_000, field).map(({ fault }) => fault.kind);
    expect(new Set(kinds.slice(0, faultKinds.length))).toEqual(new Set(faultKinds));
  });

  it('begins when machines have been granted something, and ends in time', () => {
    for (let seed = 0; seed < 50; seed++) {
      const times = planFaults(seed, 30_000, field).map(({ atMs }) => atMs);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(Math.min(...times)).toBeGreaterThanOrEqual(2_000);
      expect(Math.max(...times)).toBeLessThan(30_000);
    }
  });

  it('never stops the postmaster alone, whose children would go on', () => {
    const plans = Array.from({ length: 50 }, (_, seed) => planFaults(seed, 300_000, field)).flat();
    expect(plans.filter(({ fault }) => fault.kind === 'freeze' && fault.target === 'postgres')).toEqual([]);
  });
});

describe('what limits are held against', () => {
  it('counts grants in a window whose ends are a period apart as two windows', () => {
    expect(mostInWindow([0, 5, 10], 10)).toBe(2);
    expect(mostInWindow([0, 5, 9], 10)).toBe(3);
    expect(mostInWindow([9, 0, 5], 10)).toBe(3);
    expect(mostInWindow([], 10)).toBe(0);
  });

  it('counts leases that are open at once, over lost installs that take a slot again', () => {
    const open = { before: null, after: 'leased' };
    const installed = { before: 'leased', after: 'installed' };
    const reopened = { before: 'installed', after: 'leased' };
    expect(mostOpen([open, installed, open, reopened])).toBe(2);
    expect(mostOpen([open, installed, open])).toBe(1);
  });
});
