import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { compareVersions, isOfVersionPrefix, parseVersion, type Versioning } from './version.js';

function compare(a: string, b: string, versioning: Versioning = 'semver'): number {
  const [left, right] = [parseVersion(a, versioning), parseVersion(b, versioning)];
  if (left === null || right === null) throw new Error(`cannot parse ${a} or ${b}`);
  return compareVersions(left, right);
}

describe('versions', () => {
  it.each([
    ['1.0.0-alpha', '1.0.0-alpha.1'],
    ['1.0.0-alpha.1', '1.0.0-alpha.beta'],
    ['1.0.0-beta.2', '1.0.0-beta.11'],
    ['1.0.0-beta.11', '1.0.0-rc.1'],
    ['1.0.0-rc.1', '1.0.0'],
    ['3510.2.8', '3510.10.0'],
    ['9007199254740993.0.0', '9007199254740994.0.0'],
    ['9007199254740991.0.0', '9007199254740993.0.0'],
    ['18446744073709551615.0.0', '99999999999999999999.0.0'],
    ['0.0.0', '0.0.0-alpha'],
    ['0.0.0.0', '0.0.0-alpha'],
    ['0.0.0', '0.0.1-0'],
  ])('%s is below %s', (a, b) => {
    expect(compare(a, b)).toBe(-1);
    expect(compare(b, a)).toBe(1);
  });

  it.each([
    ['3340.0.0+nightly-20220823-2100', '3340.0.0'],
    ['3340.0.0+a', '3340.0.0+b'],
    ['0.0.0', '0.0.0.0'],
    ['0.0.0+build', '0.0.0'],
  ])('%s equals %s', (a, b) => {
    expect(compare(a, b)).toBe(0);
  });

  it.each([
    ['1', '1.0.0.0', 0],
    ['1.2', '1.2.0.1', -1],
    ['01.2', '1.2', 0],
    ['0', '0.0.0.0', 0],
    ['10.0', '9.9.9.9', 1],
  ])('dotted %s and %s order as %d', (a, b, order) => {
    expect(compare(a, b, 'dotted')).toBe(order);
  });

  it.each([
    '',
    'ForcedUpdate',
    '1',
    '1.2',
    '1.2.3.4.5',
    '01.2.3',
    '1.2.3-',
    '1.2.3-01',
    '1.2.3-a..b',
    '1.0.0+',
    '1.0.0+a..b',
    ' 1.2.3',
    '1.2.3 ',
    '-1.2.3',
    '1.2.3\n',
    '100000000000000000000.0.0',
    `1.2.3-${'a'.repeat(4096)}`,
    'NaN.0.0',
    '1e3.0.0',
    '１.2.3',
  ])('refuses %j as semver', (text) => {
    expect(parseVersion(text, 'semver')).toBeNull();
  });

  it.each(['', '1.2.3.4.5', '1.2.3-beta', '1..2', '.1', '1.', 'a.b', '100000000000000000000'])(
    'refuses %j as dotted',
    (text) => {
      expect(parseVersion(text, 'dotted')).toBeNull();
    },
  );

  it('never throws, and its order is total', () => {
    const text = fc.oneof(
      fc.string(),
      fc.stringMatching(/^\d{1,21}\.\d{1,3}\.\d{1,3}(-[0-9a-z.]{1,6})?$/),
      fc.stringMatching(/^[0-9.]{0,12}$/),
    );
    fc.assert(
      fc.property(fc.constantFrom<Versioning>('semver', 'dotted'), text, text, text, (versioning, ...texts) => {
        const [a, b, c] = texts.map((text) => parseVersion(text, versioning));
        if (!a || !b || !c) return;
        expect(Math.sign(compareVersions(a, b)) + Math.sign(compareVersions(b, a))).toBe(0);
        const isChain = compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0;
        expect(isChain && compareVersions(a, c) > 0).toBe(false);
      }),
    );
  });
});

describe('a version prefix', () => {
  it.each([
    ['1.2.3', '1.2.3.4', true],
    ['1.2.3', '1.2.34', false],
    ['1.2.', '1.2.34', true],
    ['1.', '1.2.3', true],
    ['1.', '10.2.3', false],
    ['1.2.3', '1.2.3-beta', true],
    ['1.2.34$', '1.2.34', true],
    ['1.2$', '1.2.34', false],
    ['.', '1.2.3', false],
    ['', '1.2.3', false],
    ['stable', '1.2.3', false],
    ['1'.repeat(4096), '1.2.3', false],
  ])('%s of %s: %s', (prefix, version, isOf) => {
    expect(isOfVersionPrefix(version, prefix)).toBe(isOf);
  });
});
