import { expect, it } from 'vitest';
import { isTzName, meantZones } from './time-zones.js';
import { isTimeZone } from './windows.js';

const letters = Array.from({ length: 26 }, (_, n) => String.fromCodePoint('A'.codePointAt(0)! + n));

/** Every name of three capital letters that Intl of this process takes. */
const takenByIntl = letters
  .flatMap((a) => letters.flatMap((b) => letters.map((c) => a + b + c)))
  .filter((name) => isTaken(name));

function isTaken(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone }).format();
    return true;
  } catch {
    return false;
  }
}

it('takes of all abbreviations those of the tz database only', () => {
  expect(takenByIntl).toContain('BST');
  expect(takenByIntl.filter(isTimeZone)).toEqual([
    'CET',
    'EET',
    'EST',
    'GMT',
    'HST',
    'MET',
    'MST',
    'PRC',
    'ROC',
    'ROK',
    'UCT',
    'UTC',
    'WET',
  ]);
});

it('takes every zone that the process knows, and links whatever it calls them by', () => {
  expect(Intl.supportedValuesOf('timeZone').filter((name) => !isTimeZone(name))).toEqual([]);
  for (const name of ['Asia/Kolkata', 'Asia/Calcutta', 'Europe/Kyiv', 'Europe/Kiev', 'US/Pacific', 'GB', 'Etc/GMT+5'])
    expect([name, isTimeZone(name)]).toEqual([name, true]);
});

it.each(['SystemV/AST4', 'Etc/Unknown', 'US/Pacific-New', 'Factory', 'constructor', '__proto__', 'Mars/Base', ''])(
  'refuses %j',
  (name) => expect(isTimeZone(name)).toBe(false),
);

it.each([
  ['BST', 'Europe/London'],
  ['bst', 'Europe/London'],
  ['IST', 'Asia/Kolkata'],
  ['CST', 'America/Chicago'],
  ['PST', 'America/Los_Angeles'],
  ['AST', 'America/Halifax'],
  ['CEST', 'Europe/Berlin'],
  ['berlin', 'Europe/Berlin'],
  ['New York', 'America/New_York'],
])('knows what %j may mean: %s', (text, zone) => {
  expect(meantZones(text)).toContain(zone);
});

it('means only names that are there, and knows of each abbreviation of Intl what is meant', () => {
  for (const text of takenByIntl.filter((name) => !isTzName(name))) {
    const zones = meantZones(text);
    expect([
      text,
      zones.length > 0 || ['AGT', 'ART', 'BET', 'CNT', 'CTT', 'IET', 'MIT', 'NET', 'PLT', 'PNT', 'VST'].includes(text),
    ]).toEqual([text, true]);
    expect(zones.filter((zone) => !isTimeZone(zone))).toEqual([]);
  }
  expect(meantZones('nonsense')).toEqual([]);
});
