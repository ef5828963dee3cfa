// The orders in which messages and statuses of one pull request come, as a single server and a cluster of three sent them.
import { describe, expect, it } from 'vitest';
import { type PullEnd, type PullStatus, trackPull } from './pull-progress.js';

type Arrival = 'message' | PullStatus;

const heartbeat: PullStatus = { code: 100, description: 'Idle Heartbeat', pending: undefined };
const status = (code: number, description: string, pending?: number): PullStatus => ({ code, description, pending });
const messages = (count: number): Arrival[] => Array.from({ length: count }, () => 'message');

/** How the request ended, and after how many arrivals. */
function pull(wanted: number, arrivals: Arrival[]): { end: PullEnd | undefined; after: number } {
  const progress = trackPull(wanted);
  for (const [index, arrival] of arrivals.entries()) {
    const end = arrival === 'message' ? progress.onMessage() : progress.onStatus(arrival);
    if (end !== undefined) return { end, after: index + 1 };
  }
  return { end: undefined, after: arrivals.length };
}

const done: PullEnd = { status: 'done' };

describe('a pull request', () => {
  it.each<[string, number, Arrival[], PullEnd | undefined, number]>([
    ['ends with its last message', 3, messages(3), done, 3],
    ['is open while messages are missing', 3, messages(2), undefined, 2],
    ['is open while only heartbeats come', 3, [heartbeat, heartbeat], undefined, 2],
    [
      'waits for the messages of a batch whose completion a cluster reports first',
      3,
      [status(409, 'Batch Completed', 0), ...messages(3)],
      done,
      4,
    ],
    [
      'waits for those that were sent, when the bytes were used up and the status comes first',
      5,
      [status(409, 'Message Size Exceeds MaxBytes', 3), ...messages(2)],
      done,
      3,
    ],
    [
      'waits for the rest, when the status comes between the messages',
      4,
      ['message', status(409, 'Message Size Exceeds MaxBytes', 1), ...messages(2)],
      done,
      4,
    ],
    [
      'ends with the status that comes after the messages',
      5,
      [...messages(2), status(409, 'Message Size Exceeds MaxBytes', 3)],
      done,
      3,
    ],
    ['waits for what was sent before it expired', 5, [status(408, 'Request Timeout', 4), 'message'], done, 2],
    ['ends when it expired without a message', 5, [heartbeat, status(408, 'Request Timeout', 5)], done, 2],
    ['ends with a status that has no number, whatever came before', 5, ['message', status(409, 'Exceeded')], done, 2],
    [
      'is lost when a limit refuses it before anything was sent',
      5,
      [status(409, 'Exceeded MaxWaiting')],
      { status: 'lost', reason: '409 Exceeded MaxWaiting' },
      1,
    ],
    [
      'is lost when one message alone is above its bytes',
      5,
      [status(409, 'Message Size Exceeds MaxBytes', 5)],
      { status: 'lost', reason: '409 Message Size Exceeds MaxBytes' },
      1,
    ],
    [
      'is gone when the consumer is',
      5,
      ['message', status(409, 'Consumer Deleted', 4)],
      { status: 'gone', reason: '409 Consumer Deleted' },
      2,
    ],
    [
      'is gone when another server leads the consumer',
      5,
      [status(409, 'Leadership Change', 5)],
      { status: 'gone', reason: '409 Leadership Change' },
      1,
    ],
    ['is gone when nobody answers', 5, [status(503, '')], { status: 'gone', reason: '503' }, 1],
  ])('%s', (_, wanted, arrivals, end, after) => {
    expect(pull(wanted, arrivals)).toEqual({ end, after });
  });
});
