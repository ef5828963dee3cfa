// Versions of both grammars, and their order. A text that is of neither is null and takes part in no comparison.
//
// - `semver`: three numbers, optional pre-release and build; pre-release below release, build metadata ignored.
// - `dotted`: Google's one to four numbers; missing ones are 0, leading zeros are ignored.
// - `0.0.0` and `0.0.0.0` mean "update me" in both: below everything else, also below `0.0.0-alpha`.
import type { Application } from './catalog.js';

export type Versioning = Application['versioning'];

/** Numbers beyond 2^53 are bigints: JavaScript compares the two kinds exactly, and the ordinary ones stay fast. */
type Part = number | bigint;

export interface Version {
  readonly numbers: readonly Part[];
  /** Empty for a release. */
  readonly pre: readonly (Part | string)[];
  readonly isUpdateMe: boolean;
}

/** Longer ones are refused: a column's width, and far more than any real version has (Flatcar's nightlies have 45). */
export const versionCharsMax = 255;

const number = String.raw`(0|[1-9]\d{0,19})`;
const semver = new RegExp(String.raw`^${number}\.${number}\.${number}(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?$`);
const dotted = /^\d{1,20}(?:\.\d{1,20}){0,3}$/;
const digits = /^\d{1,20}$/;
const updateMe: Version = { numbers: [0, 0, 0, 0], pre: [], isUpdateMe: true };

export function parseVersion(text: string, versioning: Versioning): Version | null {
  if (text.length > versionCharsMax) return null;
  if (text === '0.0.0' || text === '0.0.0.0') return updateMe;
  return versioning === 'semver' ? parseSemver(text) : parseDotted(text);
}

/** Negative, zero or positive, as `Array.sort` wants it. Total: never NaN. */
export function compareVersions(a: Version, b: Version): number {
  if (a.isUpdateMe || b.isUpdateMe) return Number(b.isUpdateMe) - Number(a.isUpdateMe);
  for (let i = 0; i < 4; i++) {
    const order = compareParts(a.numbers[i] ?? 0, b.numbers[i] ?? 0);
    if (order !== 0) return order;
  }
  return comparePre(a.pre, b.pre);
}

/**
 * Whether a version is one of those that `targetversionprefix` names: by whole components (`1.2` takes 1.2.3, not
 * 1.20.0), exactly with a trailing `$`. A prefix that cannot be understood takes none. [omaha-protocol.md 1.5]
 */
export function isOfVersionPrefix(version: string, prefix: string): boolean {
  if (prefix.length > versionCharsMax || !/^\d+(?:\.\d+)*(?:[-+][0-9A-Za-z.+-]*)?\.?\$?$/.test(prefix)) return false;
  if (prefix.endsWith('$')) return version === prefix.slice(0, -1);
  const stem = prefix.endsWith('.') ? prefix.slice(0, -1) : prefix;
  return version.startsWith(stem) && (version.length === stem.length || '.-+'.includes(version.charAt(stem.length)));
}

function parseSemver(text: string): Version | null {
  const match = semver.exec(text);
  if (match === null) return null;
  const pre = match[4] === undefined ? [] : parsePre(match[4]);
  if (pre === null || (match[5] !== undefined && match[5].split('.').includes(''))) return null;
  const numbers = [toPart(match[1] ?? ''), toPart(match[2] ?? ''), toPart(match[3] ?? '')];
  // `0.0.0+build` orders as `0.0.0`: build metadata is ignored there too.
  if (pre.length === 0 && numbers.every((n) => n === 0)) return updateMe;
  return { numbers, pre, isUpdateMe: false };
}

function parsePre(text: string): (Part | string)[] | null {
  const parts: (Part | string)[] = [];
  for (const part of text.split('.')) {
    if (part === '') return null;
    if (!/^\d+$/.test(part)) parts.push(part);
    else if (digits.test(part) && (part === '0' || !part.startsWith('0'))) parts.push(toPart(part));
    else return null;
  }
  return parts;
}

function parseDotted(text: string): Version | null {
  if (!dotted.test(text)) return null;
  const numbers = text.split('.').map(toPart);
  return numbers.every((n) => n === 0) ? updateMe : { numbers, pre: [], isUpdateMe: false };
}

function toPart(text: string): Part {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  return BigInt(text);
}

function compareParts(a: Part, b: Part): number {
  if (a < b) return -1;
  return a > b ? 1 : 0;
}

function comparePre(a: readonly (Part | string)[], b: readonly (Part | string)[]): number {
  if (a.length === 0 || b.length === 0) return Number(a.length === 0) - Number(b.length === 0);
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = comparePreParts(a[i] ?? 0, b[i] ?? 0);
    if (order !== 0) return order;
  }
  return Math.sign(a.length - b.length);
}

/** Numbers below words; words by ASCII. */
function comparePreParts(a: Part | string, b: Part | string): number {
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : Number(a > b);
  if (typeof a === 'string') return 1;
  if (typeof b === 'string') return -1;
  return compareParts(a, b);
}
