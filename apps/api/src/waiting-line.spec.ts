import type { ReadMessage } from '@platte/fact-log';
import type { Fact } from '@platte/facts';
import { describe, expect, it } from 'vitest';
import { makeWaitingLine } from './waiting-line.js';

const message = (sequence: number, facts: number): ReadMessage =>
  ({ sequence, storedAt: 0, facts: Array.from({ length: facts }, () => ({}) as Fact) }) as ReadMessage;

function makeLine(max: number) {
  const aborter = new AbortController();
  let ends = 0;
  const line = makeWaitingLine({ signal: aborter.signal, max, onEnd: () => ends++ });
  return { line, abort: () => aborter.abort(), ends: () => ends };
}

describe('what waits for a listener', () => {
  it('is given in order', async () => {
    const { line } = makeLine(10);
    line.keepAll();
    for (const sequence of [1, 2, 3]) line.put(message(sequence, 1));
    expect([await line.take(), await line.take(), await line.take()].map((one) => one?.sequence)).toEqual([1, 2, 3]);
  });

  it('makes room for what is newer while the listener catches up', async () => {
    const { line, ends } = makeLine(10);
    for (let sequence = 1; sequence <= 100; sequence++) line.put(message(sequence, 4));
    expect([line.isPast(98), line.isPast(99), ends()]).toEqual([false, true, 0]);
    expect((await line.take())?.sequence).toBe(99);
  });

  it('ends when it is more facts than may wait, and is let go', async () => {
    const { line, ends } = makeLine(10);
    line.keepAll();
    for (let sequence = 1; sequence <= 3; sequence++) line.put(message(sequence, 4));
    expect([line.ended(), ends()]).toEqual(['too-slow', 1]);
    line.put(message(4, 1));
    expect(await line.take()).toBeUndefined();
    expect(ends()).toBe(1);
  });

  it('may be one message of any size', async () => {
    const { line } = makeLine(10);
    line.keepAll();
    line.put(message(1, 500));
    expect(line.ended()).toBeUndefined();
    expect((await line.take())?.sequence).toBe(1);
    line.put(message(2, 10));
    expect((await line.take())?.sequence).toBe(2);
    expect(line.ended()).toBeUndefined();
  });

  it('is waited for, until it comes or the listener is gone', async () => {
    const { line, abort } = makeLine(10);
    const coming = line.take();
    line.put(message(1, 1));
    expect((await coming)?.sequence).toBe(1);
    const never = line.take();
    abort();
    expect(await never).toBeUndefined();
    expect(line.ended()).toBeUndefined();
  });

  it('does not hold up a listener that catches up when the log is lost', async () => {
    const { line } = makeLine(10);
    line.end('log-lost');
    expect(line.isPast(1)).toBe(true);
    expect(await line.take()).toBeUndefined();
  });
});
