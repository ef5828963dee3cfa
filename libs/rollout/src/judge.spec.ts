import { describe, expect, it } from 'vitest';
import { answerReasons } from '@platte/facts';
import { wordsFor } from './answer-words.js';
import type { Policy, Rollout } from './catalog.js';
import {
  type SampleChanges as Changes,
  sampleId as id,
  sampleNow as now,
  sampleSnapshot as snapshot,
  sampleWave as wave,
} from './sample-snapshot.js';

import { judgeRules } from './judge-rules.js';
import { judge } from './judge.js';
import type { Check } from './judgement.js';
import { placeOf, toSaltSeed } from './place.js';
import { findGroup, indexSnapshot } from './snapshot-index.js';

const check: Check = { machine: 'm1', version: '3510.2.8', track: 'stable', arch: 'amd64', versionPrefix: '' };
const place = placeOf('m1', toSaltSeed('salt'));
const ask = { kind: 'ask', group: id(10), revision: 3, target: '4081.2.0', onlyOpenLease: false, forced: false };

function judged(changes: Changes, checked: Partial<Check> = {}, at = now) {
  const judgement = judge({ ...check, ...checked }, indexSnapshot(snapshot(changes)), at);
  return judgement.kind === 'answer' ? judgement.answer : judgement;
}

const weekend: Partial<Policy> = {
  hours: { kind: 'windows', windows: [{ days: [6, 7], from: 0, to: 1440 }] },
  timezone: 'Europe/Berlin',
};
const freeze: Partial<Policy> = {
  freezes: [{ from: '2026-11-27', to: '2026-11-29', note: 'sale' }],
  timezone: 'Europe/Berlin',
};
const smallWave: Partial<Rollout> = { waves: [{ ...wave, places: 1 }, wave] };
const approvalWave: Partial<Rollout> = {
  waves: [
    { ...wave, places: 1 },
    { ...wave, needsApproval: true },
  ],
};
const target = '4081.2.0';
const stopWith = (policyEnabled: boolean) => ({
  actor: 'anna',
  at: now,
  note: 'a fire',
  policyEnabled,
});

const reasonOf = (judgement: ReturnType<typeof judged>) => ('reason' in judgement ? judgement.reason : 'asked');

describe('judging', () => {
  it('asks its rules in this order', () => {
    expect(judgeRules.map(({ reason, when }) => `${reason}: ${when}`)).toMatchInlineSnapshot(`
      [
        "no-machine-id: the request names no machine",
        "unknown-group: no group of the application has this track and arch",
        "no-package: the group has no channel, or its channel no package",
        "invalid-version: the version does not parse",
        "dead-end: the version may not be updated from",
        "up-to-date: the version is the one of the channel",
        "ahead-of-channel: the version is above the one of the channel, and the group allows no downgrade",
        "blacklisted: the next package is blacklisted for the channel",
        "updates-disabled: a person paused the group, or its policy has updates off",
        "rollout-paused: a person paused the rollout, or none of this package has started",
        "rollout-halted: the rollout is halted",
        "updates-disabled: the machine says that it will not act on an offer",
        "no-package: the machine asks for other versions than the next one",
        "no-package: the machine takes no deltas, and the next package is one",
        "outside-window: the group’s hours are closed, and nobody forces the machine",
        "frozen: a freeze is on, and nobody forces the machine",
        "not-in-wave: the machine’s place is outside the open waves, and nobody forces it",
        "awaiting-approval: the same, and the wave that takes it needs an approval",
        "held: a person holds the machine",
      ]
    `);
  });

  it('keeps the order of the closed union', () => {
    const union: readonly string[] = answerReasons;
    // The rules out of line: what a machine wants is looked at when the next package is known.
    const reasons = judgeRules
      .filter(
        ({ when }) => !/^the machine (asks for other versions|says that it will not act|takes no deltas)/.test(when),
      )
      .map(({ reason }) => reason);
    expect(reasons).toEqual(reasons.toSorted((a, b) => union.indexOf(a) - union.indexOf(b)));
  });

  it.each<[string, Changes, Partial<Check>, object]>([
    ['no machine id', {}, { machine: '' }, { reason: 'no-machine-id', inputs: {} }],
    ['an unknown track', {}, { track: 'nightly' }, { reason: 'unknown-group', inputs: {} }],
    ['a known track of another arch', {}, { arch: 'arm64' }, { reason: 'unknown-group', inputs: {} }],
    ['a group without channel', { channelless: true }, {}, { reason: 'no-package', inputs: {} }],
    ['a channel without package', { package: null }, {}, { reason: 'no-package', inputs: {} }],
    [
      'a version that does not parse',
      {},
      { version: 'ForcedUpdate' },
      { reason: 'invalid-version', inputs: { target } },
    ],
    ['no version', {}, { version: '' }, { reason: 'invalid-version', inputs: { target } }],
    [
      'a dead end',
      { deadEnds: [{ version: '3510.2.8', reason: 'no room' }] },
      {},
      { reason: 'dead-end', inputs: { target, note: 'no room' } },
    ],
    ['the channel’s version', {}, { version: '4081.2.0' }, { reason: 'up-to-date', inputs: { target } }],
    [
      'another build of the channel’s version',
      {},
      { version: '4081.2.0+nightly-1' },
      { reason: 'up-to-date', inputs: { target } },
    ],
    ['a version above the channel', {}, { version: '4100.0.0' }, { reason: 'ahead-of-channel', inputs: { target } }],
    ['a blacklisted target', { blacklist: [id(1)] }, {}, { reason: 'blacklisted', inputs: { target } }],
    [
      'updates off',
      { policy: { updatesEnabled: false } },
      {},
      { reason: 'updates-disabled', inputs: { target, refusedBy: 'policy' } },
    ],
    [
      'a pause',
      { stop: stopWith(true) },
      {},
      { reason: 'updates-disabled', inputs: { target, refusedBy: 'pause', note: 'a fire' } },
    ],
    [
      'a pause of a group whose policy has updates off',
      { stop: stopWith(false) },
      {},
      { reason: 'updates-disabled', inputs: { target, refusedBy: 'pause-and-policy', note: 'a fire' } },
    ],
    [
      'a paused rollout',
      { rollout: { state: 'paused', cause: 'lunch' } },
      {},
      { reason: 'rollout-paused', inputs: { target, note: 'lunch' } },
    ],
    [
      'no rollout',
      { rollout: null },
      {},
      { reason: 'rollout-paused', inputs: { target, note: 'no rollout of this version has started' } },
    ],
    [
      'a rollout of another package',
      { rollout: { package: id(9) } },
      {},
      { reason: 'rollout-paused', inputs: { target, note: 'no rollout of this version has started' } },
    ],
    [
      'a halted rollout',
      { rollout: { state: 'halted', cause: 'm7 failed' } },
      {},
      { reason: 'rollout-halted', inputs: { target, note: 'm7 failed' } },
    ],
    [
      'a machine that will not act on an offer',
      {},
      { takesNone: true },
      {
        reason: 'updates-disabled',
        inputs: { target, refusedBy: 'machine', note: 'the machine says that it will not act on an offer' },
      },
    ],
    [
      'a version prefix that excludes the next',
      {},
      { versionPrefix: '3510.' },
      { reason: 'no-package', inputs: { target, note: 'the machine asks for versions of 3510. only' } },
    ],
    [
      'a closed window',
      { policy: weekend },
      {},
      {
        reason: 'outside-window',
        inputs: { target, window: 'Sat,Sun 00:00-24:00 Europe/Berlin' },
        until: Date.parse('2026-11-27T23:00Z'),
      },
    ],
    [
      'a freeze',
      { policy: freeze },
      {},
      {
        reason: 'frozen',
        inputs: { target, window: '2026-11-27 to 2026-11-29 Europe/Berlin (sale)' },
        until: Date.parse('2026-11-29T23:00Z'),
      },
    ],
    [
      'a place outside the wave',
      { rollout: smallWave },
      {},
      { reason: 'not-in-wave', inputs: { target, wave: 1, wavePlaces: 1, place } },
    ],
    [
      'a place in a wave that needs an approval',
      { rollout: approvalWave },
      {},
      { reason: 'awaiting-approval', inputs: { target, wave: 1, wavePlaces: 1, place } },
    ],
    [
      'a held machine',
      { held: [{ machine: 'm1', note: 'disk' }] },
      {},
      { reason: 'held', inputs: { target, note: 'disk' } },
    ],
  ])('answers %s', (_, changes, checked, answer) => {
    const judgement = judged(changes, checked);
    expect(judgement).toEqual(answer);
    expect('reason' in judgement && wordsFor(judgement)).toMatch(/^[A-Z].*\.$/s);
  });

  it.each<[string, Changes, Partial<Check>, object]>([
    ['a machine below the channel’s version', {}, {}, ask],
    ['a machine that says "update me"', {}, { version: '0.0.0' }, ask],
    ['a machine that says "update me" with four numbers', {}, { version: '0.0.0.0' }, ask],
    ['a finished rollout: it stops nothing', { rollout: { state: 'finished' } }, {}, ask],
    [
      'a version above the channel where downgrades are allowed',
      { policy: { allowDowngrade: true } },
      { version: '4100.0.0' },
      ask,
    ],
    ['a version prefix that takes the next', {}, { versionPrefix: '4081' }, ask],
    ['an open window', { policy: { hours: { kind: 'office' }, timezone: 'Europe/Berlin' } }, {}, ask],
    ['a wave that takes the machine', { rollout: { waves: [{ ...wave, places: place + 1 }] } }, {}, ask],
    [
      'a forced machine outside the hours',
      { policy: weekend, forced: [{ machine: 'm1', until: now + 1 }] },
      {},
      { ...ask, forced: true },
    ],
    [
      'a forced machine in a freeze',
      { policy: freeze, forced: [{ machine: 'm1', until: now + 1 }] },
      {},
      { ...ask, forced: true },
    ],
    [
      'a forced machine outside the wave',
      { rollout: smallWave, forced: [{ machine: 'm1', until: now + 1 }] },
      {},
      { ...ask, forced: true },
    ],
    [
      'a machine that only the wave stops, while earlier leases may be open',
      { rollout: { ...smallWave, earlierLeasesUntil: now + 1 } },
      {},
      { ...ask, onlyOpenLease: true },
    ],
  ])('asks policy for %s', (_, changes, checked, judgement) => {
    expect(judged(changes, checked)).toEqual(judgement);
  });

  it.each<[string, Changes, string]>([
    ['a pause of the rollout', { rollout: { state: 'paused' } }, 'rollout-paused'],
    ['a halt', { rollout: { state: 'halted' } }, 'rollout-halted'],
    ['updates that are off', { policy: { updatesEnabled: false } }, 'updates-disabled'],
    ['a pause of the group', { stop: stopWith(true) }, 'updates-disabled'],
    ['a hold', { held: [{ machine: 'm1', note: '' }] }, 'held'],
  ])('never lets force pass %s', (_, changes, reason) => {
    expect(judged({ ...changes, forced: [{ machine: 'm1', until: now + 1 }] })).toMatchObject({ reason });
  });

  it('takes no notice of a force that has lapsed', () => {
    expect(judged({ policy: weekend, forced: [{ machine: 'm1', until: now }] })).toMatchObject({
      reason: 'outside-window',
    });
  });

  it('goes by the clock it is given, whatever it remembered before', () => {
    const index = indexSnapshot(snapshot({ policy: weekend }));
    const at = (iso: string) => judge(check, index, Date.parse(iso)).kind;
    expect(
      ['2026-11-27T22:59Z', '2026-11-27T23:00Z', '2026-11-29T22:59:59Z', '2026-11-29T23:00Z', '2026-11-28T12:00Z'].map(
        at,
      ),
    ).toEqual(['answer', 'ask', 'ask', 'answer', 'ask']);
  });

  it('D5: answers every refusal by policy as a value that means noupdate, never as an error', () => {
    for (const changes of [
      { policy: { updatesEnabled: false } },
      { policy: weekend },
      { rollout: smallWave },
      { package: null },
    ]) {
      expect(answerReasons).toContain(reasonOf(judged(changes)));
    }
  });

  it('D12: has no memory of machines, so a long silence changes nothing', () => {
    const index = indexSnapshot(snapshot());
    expect(judge(check, index, now)).toEqual(judge(check, index, now + 30 * 86_400_000));
  });

  it('does not grow with the versions that machines send', () => {
    const index = indexSnapshot(snapshot());
    for (let i = 0; i < 10_000; i++) judge({ ...check, version: `${i}.0.0` }, index, now);
    expect(findGroup(index, 'stable', 'amd64')?.verdicts.size).toBeLessThanOrEqual(512);
  });
});

describe('words', () => {
  it.each([
    ['pause', 'The group is paused: a fire.'],
    ['pause-and-policy', 'The group is paused: a fire. Updates are off in its policy too.'],
    ['policy', 'Updates are off in the policy of the group.'],
    ['machine', 'Updates are off: a fire.'],
  ] as const)('say who refused updates: %s', (refusedBy, words) => {
    expect(wordsFor({ reason: 'updates-disabled', inputs: { refusedBy, note: 'a fire' } })).toBe(words);
  });

  it('exist for every reason', () => {
    expect(
      answerReasons.map((reason) =>
        wordsFor({ reason, inputs: { target, limit: 10, used: 10, periodMs: 3_600_000, failures: 3 } }),
      ),
    ).toMatchInlineSnapshot(`
      [
        "No application has the id that the machine sent.",
        "The machine sent no usable application id.",
        "The request names no machine, so nothing can be granted to it.",
        "The machine’s address brought up more new machines within the hour than it may, so this one is not taken in yet.",
        "No group of the application has the machine’s track and architecture.",
        "The group’s channel has no package.",
        "The channel has floors, and this syncer cannot read several manifests in one answer.",
        "The machine reports a version that cannot be read, so it is compared with nothing.",
        "The machine’s version may not be updated from.",
        "The machine has the channel’s version 4081.2.0.",
        "The machine is above the channel’s version 4081.2.0, and the group allows no downgrade.",
        "The next version 4081.2.0 is blacklisted for the channel.",
        "Updates are off for the group.",
        "The rollout 4081.2.0 is paused.",
        "The rollout 4081.2.0 is halted.",
        "The group updates only in its hours: see its policy.",
        "The group is frozen: see its policy.",
        "The machine’s place ? is not in the open waves, which take those below ? of 10000.",
        "The machine is in a wave that needs a person’s approval; wave ? is open.",
        "No decision could be had in time; the machine asks again by itself.",
        "The platform failed to decide. This is a mistake of ours; other applications and machines are answered.",
        "A person holds the machine.",
        "Several machines use this id, and another of them is being updated in another group: give each an id of its own.",
        "The machine rolled back from the version 4081.2.0, so it is not offered again.",
        "The machine failed 3 times and waits before it tries again.",
        "The machine failed 3 times with the version 4081.2.0 and is not tried again until a person forgives it.",
        "Safe mode updates one machine at a time until one has succeeded; another machine is being tried.",
        "The group’s limit of 10 grants per hour is used up (10).",
        "The group’s limit of 10 updates at once is used up (10).",
        "The machine was offered the update 4081.2.0 again: it holds a grant of it.",
        "The machine was granted the update 4081.2.0.",
      ]
    `);
  });
});
