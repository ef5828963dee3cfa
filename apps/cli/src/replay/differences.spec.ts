import { describe, expect, it } from 'vitest';
import { describeFinding, type Difference, standing, toFinding } from './differences.js';
import { describeProgress, makeProgress } from './progress.js';

const row = (key: string, live: Difference['live'], rebuilt: Difference['rebuilt']): Difference => ({
  store: 'postgres',
  table: 'instance',
  key,
  live,
  rebuilt,
});

describe('differences', () => {
  it('stand when the same live row differs at both looks', () => {
    const [damaged, moved] = [
      row('a', { version: '9' }, { version: '1' }),
      row('b', { version: '1' }, { version: '2' }),
    ];
    const settled = row('c', null, { version: '1' });
    const second = [row('a', { version: '9' }, { version: '2' }), row('b', { version: '3' }, { version: '2' })];
    expect(standing([damaged, moved, settled], second)).toEqual([second[0]]);
  });

  it('are told by the first column that differs', () => {
    const difference = row('app m', { version: '9', ip: 'x' }, { version: '1', ip: 'y' });
    expect(describeFinding(toFinding(difference))).toBe('postgres instance [app m] version: live "9", rebuilt "1"');
  });

  it('are told as a missing row where one side has none', () => {
    expect(describeFinding(toFinding(row('m', null, { version: '1' })))).toBe(
      'postgres instance [m]: live no such row, rebuilt {"version":"1"}',
    );
  });
});

describe('progress', () => {
  it('tells what is left at the pace so far', () => {
    expect(describeProgress({ what: 'messages', done: 250, total: 1000, tookMs: 10_000 })).toBe(
      '250 of 1000 messages, 30 s left',
    );
  });

  it('is said at each twentieth, and at the end', () => {
    const said: string[] = [];
    const progress = makeProgress(
      (line) => said.push(line),
      () => 0,
    );
    progress.begin('messages', 100);
    for (let message = 0; message < 100; message++) progress.advance(1);
    expect(said).toHaveLength(20);
    expect(said.at(-1)).toBe('100 of 100 messages, 0 s left');
  });
});
