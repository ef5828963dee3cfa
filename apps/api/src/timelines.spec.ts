import { describe, expect, it } from 'vitest';
import { toRange } from './timelines.js';

const now = Date.UTC(2026, 10, 23, 9, 0, 0);
const hour = 3_600_000;

describe('the range of a timeline', () => {
  it.each([
    ['1h', hour, 60_000],
    ['1d', 24 * hour, 15 * 60_000],
    ['7d', 7 * 24 * hour, hour],
    ['30d', 30 * 24 * hour, 6 * hour],
  ])('of %s ends now, in buckets that make a readable chart', (range, length, bucketMs) => {
    expect(toRange({ range }, now)).toEqual({ from: now - length, to: undefined, bucketMs });
  });

  it('is a day unless it is named', () => {
    expect(toRange({}, now).from).toBe(now - 24 * hour);
  });

  it('may end in the past', () => {
    const to = '2026-11-22T09:00:00Z';
    expect(toRange({ range: '1h', to }, now)).toMatchObject({ from: Date.parse(to) - hour, to: Date.parse(to) });
    expect(toRange({ from: '2025-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }, now).bucketMs).toBe(7 * 24 * hour);
  });
});
