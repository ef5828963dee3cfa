import { describe, expect, it } from 'vitest';
import { orNone, toFreeze, toLabel, toMs, toPollSeconds, toRate, toWhole, toWindow } from './field-values.js';

describe('what people type', () => {
  it.each<[string, unknown, unknown]>([
    ['90s', toMs('90s'), 90_000],
    ['2w', toMs('2w'), 1_209_600_000],
    ['50/10m', toRate('50/10m'), { max: 50, periodMs: 600_000 }],
    ['none', orNone(toRate)('none'), null],
    ['auto', toPollSeconds('auto'), null],
    ['45m', toPollSeconds('45m'), 2700],
    ['Mon-Fri 09:00-17:00', toWindow('Mon-Fri 09:00-17:00'), { days: [1, 2, 3, 4, 5], from: 540, to: 1020 }],
    ['sat,Sunday 00:00-24:00', toWindow('sat,Sunday 00:00-24:00'), { days: [6, 7], from: 0, to: 1440 }],
    ['Fri-Mon 20:00-23:30', toWindow('Fri-Mon 20:00-23:30'), { days: [5, 6, 7, 1], from: 1200, to: 1410 }],
    ['a freeze', toFreeze('2026-12-20..2027-01-06'), { from: '2026-12-20', to: '2027-01-06', note: '' }],
    [
      'a freeze and why',
      toFreeze('2026-12-20..2027-01-06:a: b'),
      { from: '2026-12-20', to: '2027-01-06', note: 'a: b' },
    ],
    ['rack=a=b', toLabel('rack=a=b'), ['rack', 'a=b']],
    ['rack-', toLabel('rack-'), ['rack', null]],
  ])('%s is understood', (_, read, expected) => {
    expect(read).toEqual(expected);
  });

  it.each<[string, () => unknown, RegExp]>([
    ['10', () => toMs('10'), /a number and s, m, h, d or w/],
    ['-3', () => toWhole('-3'), /a whole number/],
    ['50', () => toRate('50'), /a number and a period/],
    ['Montag 9-17', () => toWindow('Montag 9-17'), /days and hours/],
    ['Foo 09:00-17:00', () => toWindow('Foo 09:00-17:00'), /Foo is no day/],
    ['20.12.2026', () => toFreeze('20.12.2026'), /two days/],
    ['=x', () => toLabel('=x'), /=x is no label/],
  ])('%s is refused', (_, read, words) => {
    expect(read).toThrow(words);
  });
});
