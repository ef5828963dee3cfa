import { describe, expect, test } from 'vitest';
import { escapeBytes, makeRefusals } from './refusals.js';

const make = () => makeRefusals({ program: 'ingress', replica: 'a', now: () => 1000 });

describe('refused requests', () => {
  test('are counted by cause, and some of them kept with address and first bytes', () => {
    const refusals = make();
    for (let request = 0; request < 25; request++) refusals.count('doctype', '192.0.2.7', Buffer.from('<!DOCTYPE x>'));
    refusals.count('empty', '192.0.2.8', Buffer.from(''));
    const report = refusals.take(2000);
    expect(report).toMatchObject({ program: 'ingress', replica: 'a', at: 2000, counts: { doctype: 25, empty: 1 } });
    expect(report?.samples).toHaveLength(10);
    expect(report?.samples[0]).toEqual({ at: 1000, cause: 'doctype', address: '192.0.2.7', bytes: '<!DOCTYPE x>' });
  });

  test('are reported once', () => {
    const refusals = make();
    refusals.count('empty', '192.0.2.8', Buffer.from(''));
    expect(refusals.take(2000)).toBeDefined();
    expect(refusals.take(3000)).toBeUndefined();
  });
});

describe('the first bytes of a refused request', () => {
  test.each([
    ['line\nbreak\r\n', '<a>\n\r\u0000', '<a>\\x0a\\x0d\\x00'],
    ['terminal colours', '\u001b[31m', '\\x1b[31m'],
    ['a backslash', 'a\\x0a', 'a\\x5cx0a'],
    ['what is not ASCII', 'é', '\\xc3\\xa9'],
    ['a secret', '<updatecheck tttoken="s3cret"/>', '<updatecheck tttoken="(secret)"/>'],
    ['a secret that is cut off', "<updatecheck TTToken = 's3cret", "<updatecheck TTToken = '(secret)"],
  ])('are shown on one line of printable ASCII: %s', (_, bytes, shown) => {
    expect(escapeBytes(Buffer.from(bytes))).toBe(shown);
  });

  test('are few', () => {
    expect(escapeBytes(Buffer.alloc(100_000, 'x'))).toHaveLength(300);
  });
});
