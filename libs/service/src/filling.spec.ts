// When it will be full: by rows at stated samples, and by properties of any samples.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FillSample, judgeFill, predictFull, samplesKeptMs } from './filling.js';

const minuteMs = 60_000;
const limitBytes = 1_000_000;
/** One sample a minute. */
const toSamples = (used: readonly number[]): FillSample[] =>
  used.map((usedBytes, index) => ({ at: index * minuteMs, usedBytes }));
const count = (length: number, toUsed: (n: number) => number) => Array.from({ length }, (_, n) => toUsed(n));
const inMinutes = (used: readonly number[]) => {
  const fullInMs = predictFull(toSamples(used), limitBytes);
  return fullInMs === undefined ? undefined : Math.round(fullInMs / minuteMs);
};
/** The same each time, between -1 and 1. */
const scatterOf = (n: number) => Math.sin(n * 12.9898) * Math.cos(n * 78.233);

describe('until it is full', () => {
  test.each<[string, number[], number | undefined]>([
    ['nothing was seen', [], undefined],
    ['seven samples are too few', count(7, (n) => 500_000 + n * 50_000), undefined],
    ['it grows steadily', count(20, (n) => 500_000 + n * 10_000), 31],
    ['it grows and scatters', count(60, (n) => 100_000 + n * 10_000 + 15_000 * scatterOf(n)), 32],
    ['it is flat', count(60, () => 900_000), undefined],
    ['it is flat and scatters', count(60, (n) => 500_000 + 10_000 * scatterOf(n)), undefined],
    ['it shrinks', count(60, (n) => 900_000 - n * 1_000), undefined],
    ['it grows too slowly for what was seen of it', count(20, (n) => 500_000 + n * 1_000), undefined],
    ['growth follows a long rest', [...count(100, () => 0), ...count(10, (n) => n * 50_000)], 11],
    ['it was emptied after it had grown', [...count(30, (n) => n * 30_000), ...count(12, () => 0)], undefined],
    ['an hourly purge takes what an hour brings', count(120, (n) => 700_000 + (n % 60) * 50), undefined],
    ['it is full', count(9, (n) => 920_000 + n * 10_000), 0],
    ['it is over its limit, by one sample', [1_200_000], 0],
  ])('%s', (_, used, minutes) => {
    // To within 20 %: a line through samples that scatter, or bend, is off by some.
    const near = (wanted: number) => expect.toSatisfy((found) => Math.abs(Number(found) - wanted) <= wanted * 0.2);
    expect(inMinutes(used)).toEqual(minutes === undefined ? undefined : near(minutes));
  });

  test('is never told where there is no limit', () => {
    expect(predictFull(toSamples(count(20, (n) => n * 1e9)), Infinity)).toBeUndefined();
  });

  const used = fc.integer({ min: 0, max: limitBytes - 1 });
  const rises = (min: number) => fc.array(fc.integer({ min, max: 100 }), { minLength: 8, maxLength: 200 });

  test('is exact on a straight line', () => {
    const line = fc.record({
      length: fc.integer({ min: 8, max: 300 }),
      rate: fc.double({ min: 1, max: 1e6, noNaN: true }),
    });
    fc.assert(
      fc.property(line, fc.double({ min: 0.01, max: 11.9, noNaN: true }), ({ length, rate }, spans) => {
        const samples = toSamples(count(length, (n) => n * rate));
        const left = spans * (length - 1) * rate;
        const found = predictFull(samples, (length - 1) * rate + left);
        expect(found! / minuteMs).toBeCloseTo(spans * (length - 1), 3);
      }),
    );
  });

  test('is not told of what never grows', () => {
    fc.assert(
      fc.property(rises(0), (falls) => {
        let left = limitBytes - 1;
        expect(inMinutes(falls.map((fall) => (left -= fall)))).toBeUndefined();
      }),
    );
  });

  test('is not told of what scatters in a band, however, when much more than the band is left', () => {
    // A least-squares line climbs at most 1.5 times the band, and is believed for 12 spans: 18 bands.
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40_000 }), { minLength: 1, maxLength: 300 }), (band) => {
        expect(inMinutes(band.map((above) => 100_000 + above))).toBeUndefined();
      }),
    );
  });

  test('does not depend on the unit', () => {
    fc.assert(
      fc.property(fc.array(used, { minLength: 1, maxLength: 60 }), (bytes) => {
        const samples = toSamples(bytes);
        const other = samples.map(({ at, usedBytes }) => ({ at, usedBytes: usedBytes * 1024 }));
        expect(predictFull(other, limitBytes * 1024)).toBe(predictFull(samples, limitBytes));
      }),
    );
  });
});

describe('a warning', () => {
  const rule = { warnFraction: 0.8, warnWithinMs: 60 * minuteMs };
  const judge = (bytes: readonly number[], wasWarning = false) =>
    judgeFill(toSamples(bytes), { limitBytes, rule, wasWarning });

  test.each<[string, number[], boolean, boolean]>([
    ['is not given below the fraction', [799_999], false, false],
    ['is given from the fraction on', [800_000], false, true],
    ['lasts until there is some more room', [760_000], true, true],
    ['is over then', [749_999], true, false],
    ['is given when it is full soon', count(20, (n) => 100_000 + n * 20_000), false, true],
    ['is not given when that is later', count(20, (n) => 100_000 + n * 7_000), false, false],
    ['lasts while that is not much later', count(20, (n) => 100_000 + n * 9_000), true, true],
    ['is not given when nothing was seen', [], false, false],
  ])('%s', (_, bytes, wasWarning, isWarning) => {
    expect(judge(bytes, wasWarning).isWarning).toBe(isWarning);
  });

  test('says how full it is, and when it will be', () => {
    expect(judge([250_000]).detail).toBe('25 % of 976.6 KiB used');
    expect(judge(count(20, (n) => 100_000 + n * 20_000)).detail).toBe(
      '48 % of 976.6 KiB used, full in 26 min at this rate',
    );
    expect(judge([limitBytes]).detail).toBe('100 % of 976.6 KiB used: full');
    const unlimited = { limitBytes: Infinity, rule, wasWarning: false };
    expect(judgeFill(toSamples([2 ** 31]), unlimited)).toMatchObject({
      isWarning: false,
      detail: '2.0 GiB used, without a limit',
    });
  });

  test('needs samples for a twelfth of the time that it looks ahead', () => {
    expect(samplesKeptMs({ warnFraction: 0.8, warnWithinMs: 24 * 60 * minuteMs })).toBe(120 * minuteMs);
  });
});
