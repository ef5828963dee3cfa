import { expect, it } from 'vitest';
import { makeTurns } from './turns.js';

class Shared extends Error {}
const turns = () => makeTurns((error) => error instanceof Shared);

it('work of one key is done one after the other, of several keys at once', async () => {
  const { take } = turns();
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = take('a', async () => {
    await gate.promise;
    order.push('first of a');
  });
  const second = take('a', async () => void order.push('second of a'));
  await take('b', async () => void order.push('b'));
  gate.resolve();
  await Promise.all([first, second]);
  expect(order).toEqual(['b', 'first of a', 'second of a']);
});

it('a failure that is shared is that of all who queue behind it, and of nobody later', async () => {
  const { take } = turns();
  let done = 0;
  const work = async (): Promise<number> => ++done;
  const failing = take('a', () => Promise.reject(new Shared('locked')));
  const behind = take('a', work);
  expect(await Promise.allSettled([failing, behind])).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
  expect(await take('a', work)).toBe(1);
});

it('another failure is nobody else’s', async () => {
  const { take } = turns();
  const failing = take('a', () => Promise.reject(new Error('a mistake')));
  const behind = take('a', async () => 'done');
  expect(await Promise.allSettled([failing, behind])).toMatchObject([{ status: 'rejected' }, { value: 'done' }]);
});
