import { describe, expect, test } from 'vitest';
import { isShed } from './shedding.js';

const check = Buffer.from('<request><app><updatecheck/></app></request>');
const event = Buffer.from('<request><app><event eventtype="13"/></app></request>');
const heldLimits = { checksMax: 10, requestsMax: 20 };

describe('a busy ingress', () => {
  test.each([
    ['takes everything below the first bound', 9, check, false],
    ['turns checks away from the first bound on', 10, check, true],
    ['still takes events then', 19, event, false],
    ['turns everything away from the second bound on', 20, event, true],
  ])('%s', (_, held, body, shed) => {
    expect(isShed(held, body, heldLimits)).toBe(shed);
  });
});
