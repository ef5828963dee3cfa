import { expect, it } from 'vitest';
import { toUnexpired } from './rebuilt-history.js';

it.each([
  ['', '1'],
  ['toDateTime(at) + toIntervalDay(180)', 'toDateTime(at) + toIntervalDay(180) > now()'],
  ['t + toIntervalDay(45) WHERE tier = 60', '(not (tier = 60) or t + toIntervalDay(45) > now())'],
  ['t + toIntervalDay(45) DELETE WHERE tier = 60', '(not (tier = 60) or t + toIntervalDay(45) > now())'],
])('counts no row that the TTL «%s» has taken or may take', (ttl, condition) => {
  expect(toUnexpired(ttl)).toBe(condition);
});
