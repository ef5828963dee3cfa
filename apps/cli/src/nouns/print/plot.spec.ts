import { describe, expect, it } from 'vitest';
import { niceCeiling, renderPlot } from './plot.js';
import { byNumbers, byStatus, toSeries, type CountedPoint } from './series.js';

const hourMs = 3_600_000;
const times = [0, 1, 2, 3].map((hour) => Date.UTC(2026, 10, 23, 6 + hour));

const points = (counts: Record<string, number>[]): CountedPoint[] =>
  counts.map((each, at) => ({
    at: new Date(hourMs * at).toISOString(),
    total: Object.values(each).reduce((a, b) => a + b, 0),
    counts: each,
  }));

it('counts nothing of a name that every object has, where no machine has it', () => {
  const odd = Object.fromEntries([
    ['__proto__', 2],
    ['constructor', 1],
  ]);
  const series = toSeries(points([{ '1.0.0': 3 }, odd]), 8, byNumbers);
  expect(series).toContainEqual({ name: '__proto__', values: [0, 2] });
  expect(series).toContainEqual({ name: 'constructor', values: [0, 1] });
  expect(toSeries(points([{ '1.0.0': 3 }, odd]), 2, byNumbers)).toEqual([
    { name: '1.0.0', values: [3, 0] },
    { name: 'others', values: [0, 3] },
  ]);
});

describe('a plot', () => {
  it('stacks series from the bottom, each in its own pattern, with axes and what is there now', () => {
    const series = [
      { name: '1000.0.0', values: [8, 6, 4, 0] },
      { name: '1001.0.0', values: [0, 2, 4, 8] },
    ];
    const plot = renderPlot({ times, series }, { columns: 40, rows: 4, hasColour: false, colours: [] });
    expect(plot).toBe(
      [
        '8 ┤███████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░',
        '  │████████████████████░░░░░░░░░░░░░░░░░░░░',
        '4 ┤█████████████████████████████████░░░░░░░',
        '  │█████████████████████████████████░░░░░░░',
        '0 └────────────────────────────────────────',
        '   11-23 06:00                  11-23 09:00 UTC',
        '  ░ 1001.0.0          8',
        '  █ 1000.0.0          0',
      ].join('\n'),
    );
  });

  it('draws edges in eighths of a row where there is colour', () => {
    const series = [{ name: 'a', values: [1] }];
    const plot = renderPlot({ times: [0], series }, { columns: 1, rows: 1, hasColour: true, colours: [33] });
    expect(plot).toContain('\u001B[38;5;33m█\u001B[0m');
    const half = renderPlot(
      { times: [0, 1], series: [{ name: 'a', values: [10, 5] }] },
      { columns: 2, rows: 1, hasColour: true, colours: [33] },
    );
    expect(half).toContain('\u001B[38;5;33m▄\u001B[0m');
  });

  it('shows one machine of a million as something', () => {
    const series = [{ name: 'a', values: [1, 1_000_000] }];
    const plot = renderPlot({ times: [0, 1], series }, { columns: 2, rows: 4, hasColour: false, colours: [] });
    expect(plot.split('\n')[3]).toMatch(/[│┤]██$/);
  });

  it.each([
    [1, 1],
    [7, 8],
    [11, 15],
    [60, 60],
    [1234, 1500],
    [99_999, 100_000],
  ])('has a scale for %d that ends at %d', (value, top) => {
    expect(niceCeiling(value)).toBe(top);
  });
});

describe('series', () => {
  it('are the largest, in the order of their versions, and the rest as one', () => {
    const series = toSeries(points([{ '1000.0.0': 5, '999.0.0': 7, '1.0.0': 1, '2.0.0': 1 }]), 3, byNumbers);
    expect(series).toEqual([
      { name: '999.0.0', values: [7] },
      { name: '1000.0.0', values: [5] },
      { name: 'others', values: [2] },
    ]);
  });

  it('have nothing at points where they are not named', () => {
    expect(toSeries(points([{ a: 1 }, { b: 2 }]), 8, byNumbers)).toEqual([
      { name: 'a', values: [1, 0] },
      { name: 'b', values: [0, 2] },
    ]);
  });

  it('of statuses lie in the order of an update', () => {
    expect(['failed', 'granted', 'complete'].toSorted(byStatus)).toEqual(['complete', 'granted', 'failed']);
  });
});
