import { ApiError, ConnectionError, type Problem } from '@platte/api-contract';
import { describe, expect, it } from 'vitest';
import { exitCodes } from '../exit-codes.js';
import { describeFailure } from './failure.js';

const problem = (more: Partial<Problem>): Problem => ({
  type: 'urn:platte:problem:refused',
  title: 'The command was refused',
  status: 409,
  detail: 'Groups follow channel stable: move them to another one first.',
  instance: '/api/v1/channels/x',
  requestId: 'r-1',
  remedy: 'See `reason`.',
  ...more,
});

const asked = { server: 'https://x', token: 't', from: 'context prod' };

it('a failure shows no password of a URL', () => {
  const failed = new Error(
    'Request cannot be constructed from a URL that includes credentials: http://bob:s3cret@host/',
  );
  expect(describeFailure(failed, asked).text).toMatch(/credentials: http:\/\/host\/$/);
});

describe('a refusal', () => {
  it.each([
    [asked, '`platte login --context prod`'],
    [{ ...asked, from: '--server' }, '`platte login --server https://x`'],
    [{ ...asked, tokenFrom: 'PLATTE_TOKEN' as const }, 'the token comes from PLATTE_TOKEN'],
  ])('to whoever is not signed in says how to', (who, words) => {
    expect(describeFailure(new ApiError(problem({ status: 401 })), who).text).toContain(words);
  });

  it('says what happened, why, what to do and under which request', () => {
    const uses = [{ kind: 'group', id: 'g-1', name: 'Stable' }];
    const errors = [{ pointer: '/name', detail: 'too long' }];
    expect(describeFailure(new ApiError(problem({ reason: 'in-use', uses, errors }))).text).toBe(
      [
        'platte: The command was refused',
        '  Groups follow channel stable: move them to another one first.',
        '  /name: too long',
        '  used by group Stable (g-1)',
        '  reason: in-use',
        '  to do: See `reason`.',
        '  request: r-1',
      ].join('\n'),
    );
  });

  it.each([
    [400, exitCodes.usage],
    [401, exitCodes.auth],
    [403, exitCodes.auth],
    [404, exitCodes.notFound],
    [409, exitCodes.conflict],
    [412, exitCodes.conflict],
    [422, exitCodes.usage],
    [429, exitCodes.failed],
    [503, exitCodes.failed],
  ])('of status %d ends with %d', (status, exitCode) => {
    expect(describeFailure(new ApiError(problem({ status }))).exitCode).toBe(exitCode);
  });

  it('that never came says which server was meant', () => {
    const { text, exitCode } = describeFailure(new ConnectionError('no answer from https://x'), asked);
    expect(exitCode).toBe(exitCodes.failed);
    expect(text).toContain('The server comes from context prod');
  });
});
