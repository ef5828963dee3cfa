import { expect, test } from 'vitest';
import { watchLiveness } from './watch-liveness.js';

const times = { betweenMs: 1, patienceMs: 1 };

type Answer = 'yes' | 'no' | 'silence';

/** @returns how many questions were asked until it was over, and why it was found silent */
async function watch(answers: readonly Answer[]): Promise<{ asked: number; silent: string[] }> {
  const ended = new AbortController();
  const silent: string[] = [];
  let asked = 0;
  const ask = async (): Promise<void> => {
    const answer = answers[asked++];
    if (asked === answers.length) ended.abort();
    if (answer === 'no') throw new Error('connection refused');
    if (answer === 'silence') await new Promise(() => {});
  };
  await watchLiveness({ ask, onSilent: (why) => silent.push(why), signal: ended.signal, times });
  return { asked, silent };
}

test('a process that refuses three questions in a row is silent', async () => {
  expect(await watch(['yes', 'no', 'no', 'no', 'yes'])).toEqual({ asked: 4, silent: ['connection refused'] });
});

test('a process that leaves three questions without an answer is silent', async () => {
  expect(await watch(['silence', 'silence', 'silence', 'yes'])).toEqual({
    asked: 3,
    silent: ['no answer within 0.001 s'],
  });
});

test('one answer in between begins the count anew', async () => {
  const answers: Answer[] = ['no', 'silence', 'yes', 'no', 'no', 'yes', 'no', 'no', 'yes'];
  expect(await watch(answers)).toEqual({ asked: answers.length, silent: [] });
});

test('a process that has ended is not silent', async () => {
  expect(await watch(['no', 'no', 'silence'])).toEqual({ asked: 3, silent: [] });
});
