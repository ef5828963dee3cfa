import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endings, evolveAttempt, openAttempt, type Sign, signOf, stageOf } from './fleet.js';
import { checkIn, event } from '../test/sample-facts.js';

const terms = { group: checkIn({}).group ?? '', fromVersion: '1.0.0', toVersion: '2.0.0' };
const order = (a: string, b: string) => (a === 'not a version' ? null : Math.sign(a.localeCompare(b)));
const since = { at: 1_000, n: 5 };
const refused = { reason: 'outside-window', inputs: {} } as const;

const signs: [what: string, fact: Parameters<typeof signOf>[0], kind: Sign['kind'] | null][] = [
  ['a check with the granted version completes it', checkIn({ version: '2.0.0' }), 'complete'],
  ['a ping with the granted version completes it', checkIn({ version: '2.0.0', ping: true }), 'complete'],
  ['a higher version ends it, but is no success', checkIn({ version: '3.0.0' }), 'passed'],
  ['a version that does not parse says nothing', checkIn({ version: 'not a version' }), null],
  ['a ping with the old version says nothing', checkIn({}), null],
  ['a refused check is remembered', checkIn({ answer: refused }), 'refused'],
  [
    'a check that could not be decided is remembered too',
    checkIn({ answer: { reason: 'policy-unavailable', inputs: {} } }),
    'refused',
  ],
  ['a re-offer is no refusal', checkIn({ answer: { reason: 're-offered', inputs: {} } }), null],
  ['a check in another group moves it away', checkIn({ group: 'other', answer: refused }), 'moved'],
  ['a ping in another group does not', checkIn({ group: 'other' }), null],
  [
    'a success of the granted version in another group is a success',
    checkIn({ group: 'other', version: '2.0.0', answer: refused }),
    'complete',
  ],
  [
    'a completion report of the granted version',
    event({ type: 3, result: 2, previousVersion: '1.0.0', version: '2.0.0' }),
    'complete',
  ],
  [
    'a completion report of another version is none',
    event({ type: 3, result: 2, previousVersion: '0.9.0', version: '1.0.0' }),
    null,
  ],
  ['an installation completes what does not reboot', event({ type: 3, result: 1, reboots: false }), 'complete'],
  ['an installation waits for the reboot', event({ type: 3, result: 1 }), 'installed'],
  ['a heartbeat says nothing', event({ type: 3, result: 2, previousVersion: '' }), null],
  ['a deferral says nothing', event({ type: 3, result: 9, errorCode: '40' }), null],
  ['a failure', event({ type: 3, result: 0, errorCode: '9' }), 'failed'],
  [
    'a failed check of a machine that runs the granted version is a success',
    event({ type: 3, result: 0, errorCode: '37', version: '2.0.0' }),
    'complete',
  ],
  ['a rollback', event({ type: 3, result: 0, errorCode: '44' }), 'rolled-back'],
];

describe('what a fact says of an attempt', () => {
  it.each(signs)('%s', (_, fact, kind) => {
    expect(signOf(fact, terms, order)?.kind ?? null).toBe(kind);
  });

  it('is no pass when the machine was to go down and has not moved yet', () => {
    expect(signOf(checkIn({ version: '3.0.0' }), { ...terms, fromVersion: '3.0.0' }, order)).toBeNull();
  });

  it('tells why it failed in words', () => {
    expect(signOf(event({ type: 3, result: 0, errorCode: String(0x4000_0000 + 9) }), terms, order)?.cause).toBe(
      'event 3/0, error 9: the payload could not be downloaded (network, or an HTTP error) [resumed download]',
    );
  });
});

const anySign: fc.Arbitrary<Sign> = fc.record({
  at: fc.integer({ min: 990, max: 1_010 }),
  n: fc.integer({ min: 0, max: 9 }),
  kind: fc.constantFrom('downloading', 'downloaded', 'installed', 'refused', ...endings),
  cause: fc.constant(''),
});
const anySigns = fc.uniqueArray(anySign, { maxLength: 20, selector: (sign) => `${sign.at} ${sign.n}` });
const fold = (signs: Sign[]) => signs.reduce(evolveAttempt, openAttempt(since));

describe('an attempt', () => {
  it('is the same in any order of its signs, and when they come again', () => {
    const delivered = anySigns.chain((signs) =>
      fc.tuple(fc.constant(signs), fc.shuffledSubarray(signs, { minLength: signs.length }), fc.subarray(signs)),
    );
    fc.assert(
      fc.property(delivered, ([signs, shuffled, again]) => {
        expect(fold([...shuffled, ...again])).toEqual(fold(signs));
      }),
      { numRuns: 500 },
    );
  });

  it('takes no sign from before it was opened', () => {
    const early: Sign = { kind: 'failed', at: 1_000, n: 4, cause: '' };
    expect(stageOf(fold([early]))).toBe('granted');
  });

  it('moves on by downloading, downloaded, installed and its end', () => {
    const kinds = ['downloading', 'downloaded', 'installed', 'complete'] as const;
    const signs = kinds.map((kind, index): Sign => ({ kind, at: 1_001 + index, n: 0, cause: '' }));
    expect(signs.map((_, index) => stageOf(fold(signs.slice(0, index + 1))))).toEqual([
      'downloading',
      'downloaded',
      'installed',
      'ended',
    ]);
  });

  it('does not move back when a download is reported after the installation', () => {
    const installed: Sign = { kind: 'installed', at: 1_005, n: 0, cause: '' };
    expect(stageOf(fold([installed, { ...installed, kind: 'downloading', at: 1_002 }]))).toBe('installed');
  });
});
