import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSegment, encodeRecord, segmentMagic, type SpoolRecord } from './spool-record.js';

const record = fc.record({
  id: fc.string({ unit: 'grapheme', maxLength: 20 }),
  body: fc.uint8Array({ maxLength: 300 }),
});

const toSegment = (records: readonly SpoolRecord[]) => Buffer.concat([segmentMagic, ...records.map(encodeRecord)]);
const plain = (records: readonly SpoolRecord[]) => records.map(({ id, body }) => ({ id, body: Uint8Array.from(body) }));

describe('a segment', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.array(record), (records) => {
        const decoded = decodeSegment(toSegment(records));
        expect(plain(decoded.records)).toEqual(plain(records));
        expect(decoded.unreadableBytes).toBe(0);
      }),
    );
  });

  it('that was cut off anywhere gives all records before the cut, and is known as torn', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1 }), fc.nat(), (records, place) => {
        const whole = toSegment(records);
        const cut = place % whole.length;
        const decoded = decodeSegment(whole.subarray(0, cut));
        let bytes = segmentMagic.length;
        const before = records.filter((item) => (bytes += encodeRecord(item).length) <= cut);
        expect(plain(decoded.records)).toEqual(plain(before));
        expect(decoded.unreadableBytes === 0 || decoded.isTorn).toBe(true);
      }),
    );
  });

  it('with a flipped bit never gives a record that was not written', () => {
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 1 }),
        fc.nat(),
        fc.integer({ min: 0, max: 7 }),
        (records, place, bit) => {
          const bytes = toSegment(records);
          bytes[place % bytes.length]! ^= 1 << bit;
          const decoded = decodeSegment(bytes);
          expect(plain(records).slice(0, decoded.records.length)).toEqual(plain(decoded.records));
          expect(decoded.records.length).toBeLessThan(records.length);
        },
      ),
    );
  });
});
