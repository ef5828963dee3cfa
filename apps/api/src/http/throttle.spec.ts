import type { FastifyReply } from 'fastify';
import { expect, it } from 'vitest';
import { makeThrottle } from './throttle.js';

it('lets everybody ask so often a minute, and says when to come back', () => {
  let now = 0;
  const headers = new Map<string, unknown>();
  const reply = { header: (name: string, value: unknown) => headers.set(name, value) } as unknown as FastifyReply;
  const throttle = makeThrottle({ perMinute: 2, now: () => now });
  throttle('ada', reply);
  now = 20_000;
  throttle('ada', reply);
  expect(headers.get('ratelimit')).toBe('"default";r=0;t=40');
  expect(() => throttle('ada', reply)).toThrow(/2 requests in a minute/);
  throttle('bob', reply);
  now = 60_000;
  throttle('ada', reply);
  expect(headers.get('ratelimit')).toBe('"default";r=1;t=60');
});
