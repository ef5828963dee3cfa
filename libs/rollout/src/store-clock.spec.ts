import { expect, it } from 'vitest';
import { parseStoreClock, renderStoreClock } from './store-clock.js';

it.each([1_790_000_000_000, undefined])('the time %s comes back as it was sent', (now) => {
  expect(parseStoreClock(renderStoreClock(now))).toBe(now);
});

it('a field of a later version is no obstacle', () => {
  expect(parseStoreClock('{"now":1790000000000,"zone":"UTC"}')).toBe(1_790_000_000_000);
});

it('what is no such reply is refused', () => {
  expect(() => parseStoreClock('{"now":"noon"}')).toThrow('now');
});
