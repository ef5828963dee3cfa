import { describe, expect, it } from 'vitest';
import type { AskedMachine } from './asking.js';
import { isRefusedBy, type SpentNotice, toRefusal } from './spent-notice.js';

const notice: SpentNotice = {
  group: 'g',
  revision: 3,
  reason: 'rate-limited',
  limit: 10,
  used: 10,
  periodMs: 3_600_000,
  until: 5_000,
  except: ['leased'],
  forMs: 1_000,
};
const asked: AskedMachine = {
  app: 'a',
  group: 'g',
  revision: 3,
  version: '1.0.0',
  arch: 'amd64',
  oem: '',
  machine: 'm',
  at: 4_999,
  n: 1,
  versionPrefix: '',
  boot: 0,
  onlyOpenLease: false,
  forced: false,
  events: [],
};
const event = { n: 0, type: 3, result: 0, errorCode: '9', previousVersion: '' };
const isRefused = (changes: Partial<AskedMachine> = {}) =>
  isRefusedBy(notice, new Set(notice.except), { ...asked, ...changes });

describe('a notice that a limit is spent', () => {
  it('refuses a machine of which it knows all that matters', () => {
    expect(isRefused()).toBe(true);
  });

  it.each<[string, Partial<AskedMachine>]>([
    ['with an open attempt or a failure', { machine: 'leased' }],
    ['once the window may have freed', { at: 5_000 }],
    ['that was judged by a newer policy', { revision: 4 }],
    ['that was judged by an older policy', { revision: 2 }],
    ['that a person forces', { forced: true }],
    ['that only its open lease could help', { onlyOpenLease: true }],
    ['that tells events', { events: [event] }],
  ])('says nothing of a machine %s', (_, changes) => {
    expect(isRefused(changes)).toBe(false);
  });

  it('of a concurrency limit refuses without a time at which that changes', () => {
    const { periodMs: _, until: __, ...rest } = notice;
    const slots: SpentNotice = { ...rest, reason: 'concurrency-limited' };
    expect(isRefusedBy(slots, new Set(slots.except), { ...asked, at: 2 ** 50 })).toBe(true);
    expect(toRefusal(slots, '2.0.0')).toEqual({
      reason: 'concurrency-limited',
      inputs: { target: '2.0.0', limit: 10, used: 10 },
    });
  });

  it('refuses in the words that policy has: the limit, what is used, and when that changes', () => {
    expect(toRefusal(notice, '2.0.0')).toEqual({
      reason: 'rate-limited',
      inputs: { target: '2.0.0', limit: 10, used: 10, periodMs: 3_600_000 },
      until: 5_000,
    });
  });
});
