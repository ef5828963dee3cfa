import { describe, expect, it } from 'vitest';
import { fitLine, type Sample, toMemoryRows } from './memory-rows.js';

const answersPerSample = 200_000;

/** Ten minutes, a sample each ten seconds; noise as of a pendulum. */
function watch(grow: { heapPerCheckIn?: number; residentPerCheckIn?: number; noiseMiB?: number }): Sample[] {
  const { heapPerCheckIn = 0, residentPerCheckIn = 0, noiseMiB = 0.05 } = grow;
  return Array.from({ length: 60 }, (_, index) => {
    const noise = (index % 2 === 0 ? 1 : -1) * noiseMiB * 2 ** 20;
    const checkIns = (index + 1) * answersPerSample;
    return {
      minutes: (index + 1) / 6,
      heapBytes: 30 * 2 ** 20 + noise + heapPerCheckIn * checkIns,
      heldBytes: 40 * 2 ** 20 + noise + heapPerCheckIn * checkIns,
      residentBytes: 280 * 2 ** 20 + noise + residentPerCheckIn * checkIns,
      answers: answersPerSample,
      failures: 0,
    };
  });
}

const missed = (samples: Sample[]): string[] =>
  toMemoryRows(samples)
    .filter(({ met }) => met === false)
    .map(({ name }) => name);

describe('memory', () => {
  it('is flat where only noise moves it', () => {
    expect(missed(watch({}))).toEqual([]);
  });

  it('grows where a reference is lost with every message', () => {
    const growing = ['memory: heap after a collection, growth', 'memory: heap and buffers, growth'];
    expect(missed(watch({ heapPerCheckIn: 8 / 30 }))).toEqual(growing);
  });

  it('grows where native memory is lost with every message', () => {
    expect(missed(watch({ residentPerCheckIn: 32 / 30 }))).toEqual(['memory: resident memory, growth']);
  });

  it('may grow at first', () => {
    const settling = watch({}).map((sample, index) =>
      index < 30 ? { ...sample, heapBytes: sample.heapBytes * (0.5 + index / 60) } : sample,
    );
    expect(missed(settling)).toEqual([]);
  });

  it('is not called flat where noise could hide a leak, nor after a moment', () => {
    expect(missed(watch({ noiseMiB: 20 }))).toHaveLength(3);
    expect(missed(watch({}).slice(0, 4))).toHaveLength(3);
  });
});

describe('the line through points', () => {
  it('has their slope', () => {
    const { slope, standardError } = fitLine([
      [1, 5],
      [2, 7],
      [3, 9],
    ]);
    expect(slope).toBeCloseTo(2);
    expect(standardError).toBeCloseTo(0);
  });

  it('is as unsure as its points are scattered', () => {
    const { slope, standardError } = fitLine([
      [0, 0],
      [1, 2],
      [2, 1],
      [3, 3],
    ]);
    expect(slope).toBeCloseTo(0.8);
    // The residues' squares are 1.8; over two degrees of freedom and a spread of 5.
    expect(standardError).toBeCloseTo(Math.sqrt(0.9 / 5));
  });
});
