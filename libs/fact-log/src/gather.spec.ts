import { joinFacts } from '@platte/facts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Gathered, makeGathering, requestBytesMax } from './gather.js';

const request = fc.array(fc.record({ text: fc.string({ unit: 'binary', maxLength: 30 }), n: fc.integer() }), {
  minLength: 1,
  maxLength: 4,
});
const limits = fc.record({
  requestsPerMessageMax: fc.integer({ min: 1, max: 6 }),
  bytesPerMessageMax: fc.integer({ min: 2, max: 400 }),
});

const toLines = (facts: unknown[]) => joinFacts(facts.map((fact) => JSON.stringify(fact)));

describe('gathering', () => {
  it('makes messages of whole requests in order, within the limits, whatever the texts', () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 20 }), limits, (requests, limits) => {
        const sent: Gathered[] = [];
        const gathering = makeGathering(limits, (full) => sent.push(full));
        for (const facts of requests) gathering.add(toLines(facts), facts.length, () => {});
        gathering.flush();
        const bodies = sent.map(({ body }): unknown[] => JSON.parse(body.toString('utf8')));
        expect(bodies.flat()).toEqual(JSON.parse(JSON.stringify(requests.flat())));
        expect(sent.map(({ facts }) => facts)).toEqual(bodies.map((body) => body.length));
        expect(sent.map(({ body }) => body.toString('utf8'))).toEqual(bodies.map(toLines));
        for (const { body, onDone } of sent) {
          expect(onDone.length).toBeLessThanOrEqual(limits.requestsPerMessageMax);
          expect(onDone.length === 1 || body.length <= limits.bytesPerMessageMax).toBe(true);
        }
        expect([gathering.requests(), gathering.bytes()]).toEqual([0, 0]);
      }),
    );
  });

  it('keeps what was sent when more is gathered', () => {
    const sent: Gathered[] = [];
    const gathering = makeGathering({ requestsPerMessageMax: 1, bytesPerMessageMax: 1000 }, (full) => sent.push(full));
    gathering.add('[1]', 1, () => {});
    gathering.add('[2]', 1, () => {});
    expect(sent.map(({ body }) => body.toString())).toEqual(['[1]', '[2]']);
  });

  it('does not take a request that no message could hold', () => {
    const gathering = makeGathering({ requestsPerMessageMax: 9, bytesPerMessageMax: 9 }, () => {});
    expect(gathering.add(JSON.stringify(['x'.repeat(requestBytesMax)]), 1, () => {})).toBe(false);
    expect(gathering.add(JSON.stringify(['x'.repeat(requestBytesMax - 4)]), 1, () => {})).toBe(true);
  });
});
