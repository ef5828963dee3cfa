import { afterEach, describe, expect, it } from 'vitest';
import { defaultPolicy, type Policy } from './catalog.js';
import { type Hours, hoursAt, isTimeZone, windowWords } from './windows.js';

const t = (iso: string) => Date.parse(iso);
const iso = (moment: number | undefined) => (moment === undefined ? undefined : new Date(moment).toISOString());
const office = (timezone: string): Policy => ({ ...defaultPolicy, hours: { kind: 'office' }, timezone });
const windows = (timezone: string, from: number, to: number, days = [1, 2, 3, 4, 5, 6, 7]): Policy => ({
  ...defaultPolicy,
  hours: { kind: 'windows', windows: [{ days, from, to }] },
  timezone,
});

const untilOf = (hours: Hours) => (hours.open ? undefined : hours.until);

/** The spans at which the hours are open, as [from, to) in UTC, looked at every five minutes. */
function openSpans(policy: Policy, from: string, to: string): string[] {
  const spans: string[] = [];
  let start: number | null = null;
  for (let at = t(from); at <= t(to); at += 300_000) {
    const { open } = hoursAt(policy, at);
    if (open && start === null) start = at;
    if (!open && start !== null) {
      spans.push(`${iso(start)?.slice(0, 16)}/${iso(at)?.slice(0, 16)}`);
      start = null;
    }
  }
  return spans;
}

describe('office hours', () => {
  it('are Monday to Friday, nine to five in the zone of the group', () => {
    // 2026-11-27 is a Friday; Berlin is UTC+1 then.
    expect(openSpans(office('Europe/Berlin'), '2026-11-27T00:00Z', '2026-11-30T23:59Z')).toEqual([
      '2026-11-27T08:00/2026-11-27T16:00',
      '2026-11-30T08:00/2026-11-30T16:00',
    ]);
  });

  it('keep nine o’clock on both sides of a change to summer time', () => {
    // New York changes on Sunday 2026-03-08: UTC-5 before, UTC-4 after.
    expect(openSpans(office('America/New_York'), '2026-03-06T00:00Z', '2026-03-09T23:59Z')).toEqual([
      '2026-03-06T14:00/2026-03-06T22:00',
      '2026-03-09T13:00/2026-03-09T21:00',
    ]);
  });

  it('name the next opening over a weekend with a change of the clock', () => {
    const hours = hoursAt(office('America/New_York'), t('2026-03-07T03:00Z'));
    expect(hours).toEqual({
      open: false,
      reason: 'outside-window',
      window: 'Mon-Fri 09:00-17:00 America/New_York',
      until: t('2026-03-09T13:00Z'),
    });
  });

  it('open on the minute and close on the minute', () => {
    const policy = office('UTC');
    expect(hoursAt(policy, t('2026-11-27T08:59:59.999Z')).open).toBe(false);
    expect(hoursAt(policy, t('2026-11-27T09:00:00.000Z')).open).toBe(true);
    expect(hoursAt(policy, t('2026-11-27T16:59:59.999Z')).open).toBe(true);
    expect(hoursAt(policy, t('2026-11-27T17:00:00.000Z')).open).toBe(false);
  });
});

describe('a weekly window', () => {
  it('wholly inside the hour that spring leaves out does not open that day', () => {
    // Berlin: 2026-03-29, 02:00 becomes 03:00.
    const policy = windows('Europe/Berlin', 2 * 60 + 15, 2 * 60 + 45);
    expect(openSpans(policy, '2026-03-28T00:00Z', '2026-03-30T12:00Z')).toEqual([
      '2026-03-28T01:15/2026-03-28T01:45',
      '2026-03-30T00:15/2026-03-30T00:45',
    ]);
    expect(iso(untilOf(hoursAt(policy, t('2026-03-28T12:00Z'))))).toBe('2026-03-30T00:15:00.000Z');
  });

  it('that begins inside that hour opens as soon as the clock is past its beginning', () => {
    const policy = windows('Europe/Berlin', 2 * 60 + 30, 5 * 60);
    expect(openSpans(policy, '2026-03-29T00:00Z', '2026-03-29T12:00Z')).toEqual(['2026-03-29T01:00/2026-03-29T03:00']);
    expect(iso(untilOf(hoursAt(policy, t('2026-03-29T00:30Z'))))).toBe('2026-03-29T01:00:00.000Z');
  });

  it('in the hour that autumn repeats is open both times', () => {
    // Berlin: 2026-10-25, 03:00 summer time becomes 02:00.
    expect(openSpans(windows('Europe/Berlin', 120, 180), '2026-10-24T22:00Z', '2026-10-25T12:00Z')).toEqual([
      '2026-10-25T00:00/2026-10-25T02:00',
    ]);
    const half = windows('Europe/Berlin', 150, 180);
    expect(openSpans(half, '2026-10-24T22:00Z', '2026-10-25T12:00Z')).toEqual([
      '2026-10-25T00:30/2026-10-25T01:00',
      '2026-10-25T01:30/2026-10-25T02:00',
    ]);
    expect(iso(untilOf(hoursAt(half, t('2026-10-25T01:00Z'))))).toBe('2026-10-25T01:30:00.000Z');
  });

  it('of several is open in each of them, and words name the one that opens next', () => {
    const policy: Policy = {
      ...defaultPolicy,
      timezone: 'Asia/Tokyo',
      hours: {
        kind: 'windows',
        windows: [
          { days: [2, 4], from: 60, to: 120 },
          { days: [6, 7], from: 22 * 60, to: 1440 },
        ],
      },
    };
    // Wednesday noon in Tokyo.
    expect(hoursAt(policy, t('2026-11-25T03:00Z'))).toEqual({
      open: false,
      reason: 'outside-window',
      window: 'Tue,Thu 01:00-02:00 Asia/Tokyo',
      until: t('2026-11-25T16:00Z'),
    });
    expect(hoursAt(policy, t('2026-11-29T14:59Z')).open).toBe(true);
    expect(hoursAt(policy, t('2026-11-29T15:00Z')).open).toBe(false);
  });

  it('that goes on after midnight is two, with no gap and no end between them', () => {
    const policy: Policy = {
      ...defaultPolicy,
      timezone: 'Europe/Berlin',
      hours: {
        kind: 'windows',
        windows: [
          { days: [6], from: 22 * 60, to: 1440 },
          { days: [7], from: 0, to: 3 * 60 },
        ],
      },
    };
    // The night in which 02:00 becomes 03:00: four hours, not five.
    expect(openSpans(policy, '2026-03-27T00:00Z', '2026-03-30T00:00Z')).toEqual(['2026-03-28T21:00/2026-03-29T01:00']);
    // And the one that has 02:00 twice: six.
    expect(openSpans(policy, '2026-10-23T00:00Z', '2026-10-26T00:00Z')).toEqual(['2026-10-24T20:00/2026-10-25T02:00']);
    expect(hoursAt(policy, t('2026-03-28T22:59:59.999Z')).open).toBe(true);
  });

  it('opens when its own next opening says so, in every zone and season', () => {
    for (const zone of [
      'UTC',
      'Australia/Lord_Howe',
      'America/St_Johns',
      'Asia/Kathmandu',
      'Africa/Casablanca',
      'Pacific/Apia',
      'America/Sao_Paulo',
      'Asia/Beirut',
    ]) {
      for (let at = t('2026-01-01T00:00Z'); at < t('2027-01-01T00:00Z'); at += 11.3 * 86_400_000) {
        const policy = windows(zone, 135, 165, [1, 7]);
        const hours = hoursAt(policy, at);
        if (hours.open) continue;
        const until = hours.until ?? 0;
        const around = [until > at, hoursAt(policy, until - 1).open, hoursAt(policy, until).open];
        expect([zone, iso(at), ...around]).toEqual([zone, iso(at), true, false, true]);
      }
    }
  });
});

describe('a freeze', () => {
  const policy: Policy = {
    ...defaultPolicy,
    timezone: 'Europe/Berlin',
    freezes: [
      { from: '2026-12-19', to: '2026-12-26', note: 'holidays' },
      { from: '2026-12-27', to: '2027-01-03', note: '' },
    ],
  };

  it('stops whole days in the zone, both included', () => {
    expect(hoursAt(policy, t('2026-12-18T22:59Z')).open).toBe(true);
    expect(hoursAt(policy, t('2026-12-18T23:00Z')).open).toBe(false);
    expect(hoursAt(policy, t('2027-01-03T22:59Z')).open).toBe(false);
    expect(hoursAt(policy, t('2027-01-03T23:00Z')).open).toBe(true);
  });

  it('ends when the last of those that touch ends', () => {
    expect(hoursAt(policy, t('2026-12-20T12:00Z'))).toEqual({
      open: false,
      reason: 'frozen',
      window: '2026-12-19 to 2026-12-26 Europe/Berlin (holidays)',
      until: t('2027-01-03T23:00Z'),
    });
  });

  it('that ends at a midnight which does not exist ends with the first moment of the next day', () => {
    // Beirut: 2026-03-29, 00:00 becomes 01:00.
    const beirut = {
      ...defaultPolicy,
      timezone: 'Asia/Beirut',
      freezes: [{ from: '2026-03-28', to: '2026-03-28', note: '' }],
    };
    expect(iso(untilOf(hoursAt(beirut, t('2026-03-28T12:00Z'))))).toBe('2026-03-28T22:00:00.000Z');
  });
});

describe('a freeze at the edge of four digits', () => {
  const frozenUntil = (timezone: string, ...ends: [from: string, to: string][]) => {
    const freezes = ends.map(([from, to]) => ({ from, to, note: '' }));
    const hours = hoursAt({ ...defaultPolicy, timezone, freezes }, t('2026-12-01T12:00Z'));
    if (hours.open) throw new Error('the hours are open');
    return [hours.reason, hours.until === undefined ? 'never' : iso(hours.until)];
  };

  it.each(['UTC', 'Etc/GMT+12', 'Pacific/Kiritimati'])('has no end when it ends on the last date: %s', (zone) => {
    expect(frozenUntil(zone, ['2026-11-30', '9999-12-31'])).toEqual(['frozen', 'never']);
  });

  it('has no end when another one that touches it has none', () => {
    const freezes: [string, string][] = [
      ['2027-01-01', '9999-12-31'],
      ['2026-11-30', '2026-12-31'],
    ];
    expect(frozenUntil('UTC', ...freezes)).toEqual(['frozen', 'never']);
  });

  it.each([
    ['9999-12-30', '9999-12-31T00:00:00.000Z'],
    ['9999-12-01', '9999-12-02T00:00:00.000Z'],
  ])('that ends on %s ends at %s', (to, end) => {
    expect(frozenUntil('UTC', ['0000-01-01', to])).toEqual(['frozen', end]);
  });
});

describe('the zone of the process', () => {
  const before = process.env['TZ'];
  afterEach(() => {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  });

  it.each(['Pacific/Kiritimati', 'Pacific/Pago_Pago', 'America/New_York'])('D4: %s changes nothing', (zone) => {
    process.env['TZ'] = zone;
    expect(iso(untilOf(hoursAt(office('Europe/Berlin'), t('2026-11-28T12:00Z'))))).toBe('2026-11-30T08:00:00.000Z');
  });
});

describe('a time zone', () => {
  it.each([
    ['UTC', true],
    ['Europe/Berlin', true],
    ['America/Argentina/Buenos_Aires', true],
    ['Etc/GMT+5', true],
    ['Mars/Base', false],
    ['+01:00', false],
    ['', false],
    ['Europe/Berlin; drop', false],
  ])('%j is known: %s', (name, known) => {
    expect(isTimeZone(name)).toBe(known);
  });
});

it('is closed in a zone that this process does not know', () => {
  expect(hoursAt(office('Mars/Base'), 0)).toEqual({
    open: false,
    reason: 'outside-window',
    window: 'Mars/Base is not a time zone of the tz database',
  });
});

it('is closed in a zone that is only an abbreviation, and says what may be meant', () => {
  expect(hoursAt(office('BST'), 0)).toEqual({
    open: false,
    reason: 'outside-window',
    window: 'BST is not a time zone of the tz database (Europe/London or Asia/Dhaka?)',
  });
  expect(hoursAt({ ...defaultPolicy, timezone: 'BST' }, 0)).toEqual({ open: true });
});

it('names windows in words', () => {
  expect(windowWords({ days: [7, 1, 2, 3, 5], from: 0, to: 1440 })).toBe('Mon-Wed,Fri,Sun 00:00-24:00');
});
