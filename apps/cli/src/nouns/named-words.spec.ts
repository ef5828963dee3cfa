import { describe, expect, it } from 'vitest';
import { makeProgram } from '../program.js';
import { completeNames } from './complete-names.js';
import { readLine } from './named-words.js';

const program = makeProgram();
const read = (line: string) => readLine(program, line.split(' '));

describe('the word after', () => {
  it.each([
    ['groups pause', 'group'],
    ['group pause -m why', 'group'],
    ['timeline', 'group'],
    ['rollouts halt', 'rollout'],
    ['channels set-floor', 'channel'],
    ['channels set-floor stable', 'package'],
    ['apps get', 'application'],
    ['instances list --group', 'group'],
    ['groups list --app', 'application'],
    ['context use', 'context'],
    ['top --context', 'context'],
  ])('%s is a name of a kind: %s', (line, kind) => {
    expect(read(line)?.kind).toBe(kind);
  });

  it.each(['', 'groups', 'groups pause stable', 'instances list --arch', 'groups pause -m', 'sql'])(
    '%s is none',
    (line) => {
      expect(read(line)).toBeUndefined();
    },
  );

  it('is asked of the server and the application that the line names', () => {
    const line = '--server http://a:1 --app=Flatcar --token t';
    expect(read(`groups pause ${line}`)).toEqual({
      kind: 'group',
      options: { server: 'http://a:1', app: 'Flatcar', token: 't' },
    });
  });
});

it('a platform that is away is silence', async () => {
  expect(await completeNames({ kind: 'group', options: { server: 'http://127.0.0.1:1' } }, '')).toEqual([]);
});
