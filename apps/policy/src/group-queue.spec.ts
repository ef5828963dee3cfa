import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { makeGroupQueue } from './group-queue.js';

beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => vi.useRealTimers());

/** A decider that is told when to answer: `batches` are those that it was given. */
function makeTrial(limits: { batchMax?: number; waitingMax?: number; decideMaxMs?: number } = {}) {
  const batches: number[][] = [];
  const answers: (() => void)[] = [];
  const queue = makeGroupQueue<number, number>({
    batchMax: 4,
    waitingMax: 100,
    waitMaxMs: 400,
    decideMaxMs: 30_000,
    ...limits,
    decide: async (items) => {
      batches.push(items);
      await new Promise<void>((resolve) => answers.push(resolve));
      if (items.includes(13)) throw new Error('unlucky');
      return items.map((item) => item * 10);
    },
  });
  const answerNext = async () => {
    const answer = await vi.waitFor(() => {
      const next = answers.shift();
      if (next === undefined) throw new Error('no batch is in flight');
      return next;
    });
    answer();
  };
  return { queue, batches, answers, answerNext };
}

it('has one batch in flight, and what arrives meanwhile is the next one', async () => {
  const { queue, batches, answerNext } = makeTrial();
  const results = [queue.put([1]), queue.put([2]), queue.put([3])];
  expect(batches).toEqual([[1]]);
  await answerNext();
  await answerNext();
  expect(await Promise.all(results)).toEqual([[10], [20], [30]]);
  expect(batches).toEqual([[1], [2, 3]]);
  expect(queue.isIdle).toBe(true);
});

it('takes whole questions, as many as fit', async () => {
  const { queue, batches, answerNext } = makeTrial();
  const results = [queue.put([1]), queue.put([2, 3, 4]), queue.put([5, 6]), queue.put([7, 8, 9, 10, 11])];
  for (const _ of results) await answerNext();
  await Promise.all(results);
  expect(batches).toEqual([[1], [2, 3, 4], [5, 6], [7, 8, 9, 10, 11]]);
});

it('does not decide what waited longer than whoever asked waits', async () => {
  const { queue, batches, answerNext } = makeTrial();
  const first = queue.put([1]);
  const late = queue.put([2]);
  vi.advanceTimersByTime(401);
  const fresh = queue.put([3]);
  await answerNext();
  await answerNext();
  expect(await Promise.all([first, late, fresh])).toEqual([[10], null, [30]]);
  expect(batches).toEqual([[1], [3]]);
});

it('takes no more than it can decide in time', async () => {
  const { queue, answerNext } = makeTrial({ waitingMax: 2 });
  const results = [queue.put([1]), queue.put([2, 3]), queue.put([4])];
  expect(await results[2]).toBeNull();
  await answerNext();
  await answerNext();
  expect(await Promise.all(results.slice(0, 2))).toEqual([[10], [20, 30]]);
});

it('fails a batch to all that were in it, and goes on', async () => {
  const { queue, answerNext } = makeTrial();
  const unlucky = queue.put([13]).catch((error: unknown) => String(error));
  const next = queue.put([1]);
  await answerNext();
  await answerNext();
  expect(await unlucky).toBe('Error: unlucky');
  expect(await next).toEqual([10]);
});

it('fails a batch that is never decided, and decides the next one', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
  const { queue, batches, answers } = makeTrial();
  const stuck = queue.put([1]).catch((error: unknown) => String(error));
  vi.advanceTimersByTime(29_999);
  const next = queue.put([2]);
  expect(batches).toEqual([[1]]);
  vi.advanceTimersByTime(1);
  expect(await stuck).toBe('Error: a batch was not decided within 30000 ms');
  await Promise.resolve();
  answers.pop()?.();
  expect(await next).toEqual([20]);
  expect(batches).toEqual([[1], [2]]);
});
