import { answerReasons } from '@platte/facts';
import { describe, expect, it } from 'vitest';
import {
  type Asking,
  concurrencyLimitOf,
  decideGrants,
  type GrantDecision,
  type GroupLedger,
  grantRules,
  type OpenAttempt,
} from './grant.js';
import type { MachineFailure } from './grant-failure.js';
import { type SampleChanges, sampleId, sampleNow, sampleSnapshot } from './sample-snapshot.js';
import { indexSnapshot } from './snapshot-index.js';

const hourMs = 3_600_000;
const target = '4081.2.0';
const now = sampleNow;

const ledgerOf = (changes: Partial<GroupLedger> = {}): GroupLedger => ({
  now,
  seq: 41,
  openLeases: 0,
  used: 0,
  oldestGrantAt: null,
  tallies: new Map(),
  ...changes,
});
const askingOf = (changes: Partial<Asking> = {}): Asking => ({
  machine: 'm1',
  version: '3510.2.7',
  arch: 'amd64',
  versionPrefix: '',
  attempt: null,
  clonedUntil: null,
  failures: new Map(),
  forcedUntil: null,
  ...changes,
});
const leased: OpenAttempt = { package: sampleId(1), toVersion: target, stage: 'leased', deadline: now + 60_000 };
const failed = (changes: Partial<MachineFailure>) =>
  new Map([[target, { count: 0, failedAt: null, rolledBack: false, ...changes }]]);
const tally = (changes: object) => new Map([[target, { open: 0, succeeded: 0, failed: 0, timedOut: 0, ...changes }]]);

function decide(changes: SampleChanges, ledger: Partial<GroupLedger>, ...asking: Partial<Asking>[]): GrantDecision[] {
  const group = indexSnapshot(sampleSnapshot(changes)).groups.get(sampleId(10));
  if (group === undefined) throw new Error('the sample has no such group');
  return decideGrants(group, ledgerOf(ledger), asking.map(askingOf));
}
const reasons = (decisions: GrantDecision[]) => decisions.map(({ answer }) => answer.reason);
const tenPerHour: SampleChanges = { policy: { rateLimit: { max: 10, periodMs: hourMs } } };

interface Row {
  what: string;
  group?: SampleChanges;
  ledger?: Partial<GroupLedger>;
  asking?: Partial<Asking>;
  answer: GrantDecision['answer'];
}

const rows: Row[] = [
  { what: 'grants', answer: { reason: 'granted', inputs: { target, deadline: now + hourMs } } },
  {
    what: 'refuses what judging refuses, with the catalog under the lock',
    group: { policy: { updatesEnabled: false } },
    answer: { reason: 'updates-disabled', inputs: { target, refusedBy: 'policy' } },
  },
  {
    what: 'refuses a paused rollout',
    group: { rollout: { state: 'paused', cause: 'lunch' } },
    asking: { attempt: leased },
    answer: { reason: 'rollout-paused', inputs: { target, note: 'lunch' } },
  },
  {
    what: 'refuses a halted rollout',
    group: { rollout: { state: 'halted', cause: 'bad' } },
    asking: { attempt: leased },
    answer: { reason: 'rollout-halted', inputs: { target, note: 'bad' } },
  },
  {
    what: 'grants in a finished rollout as in a running one',
    group: { rollout: { state: 'finished' } },
    answer: { reason: 'granted', inputs: { target, deadline: now + hourMs } },
  },
  {
    what: 'keeps the limits of a finished rollout',
    group: { policy: { concurrencyLimit: 2 }, rollout: { state: 'finished' } },
    ledger: { openLeases: 2 },
    answer: { reason: 'concurrency-limited', inputs: { target, limit: 2, used: 2 } },
  },
  {
    what: 'offers an open lease of a finished rollout again',
    group: { rollout: { state: 'finished' } },
    asking: { attempt: leased },
    answer: { reason: 're-offered', inputs: { target, deadline: leased.deadline } },
  },
  {
    what: 'refuses a machine that a person holds',
    group: { held: [{ machine: 'm1', note: 'db' }] },
    asking: { attempt: leased },
    answer: { reason: 'held', inputs: { target, note: 'db' } },
  },
  {
    what: 'offers an open lease again, its deadline unchanged',
    asking: { attempt: leased },
    answer: { reason: 're-offered', inputs: { target, deadline: leased.deadline } },
  },
  {
    what: 'offers an open lease again though the limits are spent',
    group: tenPerHour,
    ledger: { used: 10, openLeases: 10, tallies: tally({ open: 1 }) },
    asking: { attempt: leased },
    answer: { reason: 're-offered', inputs: { target, deadline: leased.deadline } },
  },
  {
    what: 'keeps the version of an open lease when the rollout is superseded',
    asking: { attempt: { ...leased, package: sampleId(3), toVersion: '3815.2.0' } },
    answer: { reason: 're-offered', inputs: { target: '3815.2.0', deadline: leased.deadline } },
  },
  {
    what: 'does not offer a leased version that was blacklisted since',
    group: { blacklist: [sampleId(3)] },
    asking: { attempt: { ...leased, package: sampleId(3), toVersion: '3815.2.0' } },
    answer: { reason: 'blacklisted', inputs: { target: '3815.2.0' } },
  },
  {
    what: 'gives a lost install a slot and a new deadline, whatever the rate limit says',
    group: tenPerHour,
    ledger: { used: 10 },
    asking: { attempt: { ...leased, stage: 'installed' } },
    answer: { reason: 're-offered', inputs: { target, deadline: now + hourMs } },
  },
  {
    what: 'refuses a lost install when no slot is free',
    group: { policy: { concurrencyLimit: 2 } },
    ledger: { openLeases: 2 },
    asking: { attempt: { ...leased, stage: 'installed' } },
    answer: { reason: 'concurrency-limited', inputs: { target, limit: 2, used: 2 } },
  },
  {
    what: 'holds a machine that rolled back from the version',
    asking: { failures: failed({ count: 1, failedAt: 0, rolledBack: true }) },
    answer: { reason: 'rolled-back', inputs: { target } },
  },
  {
    what: 'lets a machine that rolled back from another version go on',
    asking: { failures: new Map([['1.0.0', { count: 1, failedAt: now, rolledBack: true }]]) },
    answer: { reason: 'granted', inputs: { target, deadline: now + hourMs } },
  },
  {
    what: 'backs off for an hour after a failure',
    asking: { failures: failed({ count: 1, failedAt: now - 1 }) },
    answer: { reason: 'backing-off', inputs: { target, failures: 1 }, until: now - 1 + hourMs },
  },
  {
    what: 'backs off for two hours after two',
    asking: { failures: failed({ count: 2, failedAt: now - hourMs }) },
    answer: { reason: 'backing-off', inputs: { target, failures: 2 }, until: now + hourMs },
  },
  {
    what: 'backs off for a day at most',
    group: { policy: { quarantineAfter: 100 } },
    asking: { failures: failed({ count: 60, failedAt: now - 1 }) },
    answer: { reason: 'backing-off', inputs: { target, failures: 60 }, until: now - 1 + 24 * hourMs },
  },
  {
    what: 'tries again when the back-off is over',
    asking: { failures: failed({ count: 1, failedAt: now - hourMs }) },
    answer: { reason: 'granted', inputs: { target, deadline: now + hourMs } },
  },
  {
    what: 'lets a clone wait for the one that is on its way in another group, forced or not',
    asking: { clonedUntil: now + 5, forcedUntil: now + 9 },
    answer: { reason: 'cloned', inputs: { target, deadline: now + 5 }, until: now + 5 },
  },
  {
    what: 'quarantines a machine after three failures',
    asking: { failures: failed({ count: 3, failedAt: 0 }) },
    answer: { reason: 'quarantined', inputs: { target, failures: 3 } },
  },
  {
    what: 'probes with one machine at a time in safe mode',
    group: { policy: { safeMode: true } },
    ledger: { tallies: tally({ open: 1 }) },
    answer: { reason: 'safe-mode-probing', inputs: { target, limit: 1, used: 1 } },
  },
  {
    what: 'opens up in safe mode when one has succeeded',
    group: { policy: { safeMode: true } },
    ledger: { tallies: tally({ open: 1, succeeded: 1 }) },
    answer: { reason: 'granted', inputs: { target, deadline: now + hourMs } },
  },
  {
    what: 'probes each floor by itself',
    group: { policy: { safeMode: true }, floors: [{ package: sampleId(3), reason: 'migration' }] },
    ledger: { tallies: tally({ open: 1 }) },
    answer: { reason: 'granted', inputs: { target: '3815.2.0', deadline: now + hourMs } },
  },
  {
    what: 'refuses at the rate limit and says when it frees',
    group: tenPerHour,
    ledger: { used: 10, oldestGrantAt: now - 60_000 },
    answer: {
      reason: 'rate-limited',
      inputs: { target, limit: 10, used: 10, periodMs: hourMs },
      until: now - 60_000 + hourMs,
    },
  },
  {
    what: 'does not know when a limit frees that was lowered',
    group: tenPerHour,
    ledger: { used: 12, oldestGrantAt: now - 60_000 },
    answer: { reason: 'rate-limited', inputs: { target, limit: 10, used: 12, periodMs: hourMs } },
  },
  {
    what: 'refuses at the concurrency limit',
    group: { policy: { concurrencyLimit: 3 } },
    ledger: { openLeases: 3 },
    answer: { reason: 'concurrency-limited', inputs: { target, limit: 3, used: 3 } },
  },
  {
    what: 'takes the rate limit’s number for concurrency',
    group: tenPerHour,
    ledger: { openLeases: 10 },
    answer: { reason: 'concurrency-limited', inputs: { target, limit: 10, used: 10 } },
  },
  {
    what: 'asks the rate before concurrency',
    group: tenPerHour,
    ledger: { used: 10, openLeases: 10, oldestGrantAt: now },
    answer: { reason: 'rate-limited', inputs: { target, limit: 10, used: 10, periodMs: hourMs }, until: now + hourMs },
  },
];

describe('deciding one machine', () => {
  it('asks its rules in this order, that of the closed union but for the one that is said', () => {
    const union: readonly string[] = answerReasons;
    const reasons = grantRules.map(({ reason }) => reason);
    expect(grantRules.map(({ reason, when }) => `${reason}: ${when}`)).toMatchInlineSnapshot(`
      [
        "cloned: several machines use the id, and another of them holds a lease in another group",
        "rolled-back: the machine came back from the version, and nobody has forgiven it",
        "quarantined: the machine failed the version too often, and nobody forces it",
        "backing-off: the machine failed the version a while ago, and nobody forces it",
        "safe-mode-probing: in safe mode another machine tries the version, none has succeeded, and nobody forces the machine",
        "rate-limited: the group’s grants of its period are used up",
        "concurrency-limited: as many leases of the group are open as may be",
      ]
    `);
    const inUnion = reasons.with(2, 'backing-off').with(3, 'quarantined');
    expect(reasons.slice(2, 4)).toEqual(['quarantined', 'backing-off']);
    expect(inUnion).toEqual(inUnion.toSorted((a, b) => union.indexOf(a) - union.indexOf(b)));
  });

  it.each(rows)('$what', ({ group = {}, ledger = {}, asking = {}, answer }) => {
    expect(decide(group, ledger, asking)[0]?.answer).toEqual(answer);
  });
});

describe('a forced machine', () => {
  const force = { forcedUntil: now + hourMs };
  const forced = [{ machine: 'm1', until: now + hourMs }];

  it.each<Row>([
    {
      what: 'the back-off',
      asking: { failures: failed({ count: 1, failedAt: now }) },
      answer: { reason: 'granted', inputs: {} },
    },
    {
      what: 'the quarantine',
      asking: { failures: failed({ count: 9, failedAt: now }) },
      answer: { reason: 'granted', inputs: {} },
    },
    {
      what: 'the order of safe mode',
      group: { policy: { safeMode: true } },
      ledger: { tallies: tally({ open: 1 }) },
      answer: { reason: 'granted', inputs: {} },
    },
    {
      what: 'a freeze',
      group: { policy: { freezes: [{ from: '2026-11-01', to: '2026-12-31', note: '' }] } },
      answer: { reason: 'granted', inputs: {} },
    },
  ])('skips $what', ({ group = {}, ledger = {}, asking = {}, answer }) => {
    expect(decide({ ...group, forced }, ledger, { ...asking, ...force })[0]?.answer.reason).toBe(answer.reason);
  });

  it.each<Row>([
    { what: 'the rate limit', group: tenPerHour, ledger: { used: 10 }, answer: { reason: 'rate-limited', inputs: {} } },
    {
      what: 'the concurrency limit',
      group: { policy: { concurrencyLimit: 1 } },
      ledger: { openLeases: 1 },
      answer: { reason: 'concurrency-limited', inputs: {} },
    },
    { what: 'a pause', group: { rollout: { state: 'paused' } }, answer: { reason: 'rollout-paused', inputs: {} } },
    { what: 'a halt', group: { rollout: { state: 'halted' } }, answer: { reason: 'rollout-halted', inputs: {} } },
    { what: 'a hold', group: { held: [{ machine: 'm1', note: '' }] }, answer: { reason: 'held', inputs: {} } },
    {
      what: 'a rollback',
      asking: { failures: failed({ rolledBack: true }) },
      answer: { reason: 'rolled-back', inputs: {} },
    },
  ])('does not skip $what', ({ group = {}, ledger = {}, asking = {}, answer }) => {
    expect(decide({ ...group, forced }, ledger, { ...asking, ...force })[0]?.answer.reason).toBe(answer.reason);
  });

  it('uses the force up with its grant, and the grant says so', () => {
    expect(decide({ forced }, {}, force)[0]).toMatchObject({ kind: 'grant', forced: true });
  });

  it('is forced no more when the ledger has no force of it, whatever the catalog says', () => {
    const closed: SampleChanges = { policy: { freezes: [{ from: '2026-11-01', to: '2026-12-31', note: '' }] }, forced };
    expect(reasons(decide(closed, {}, {}))).toEqual(['frozen']);
  });

  it('is forced no more when the force has lapsed', () => {
    const failures = failed({ count: 1, failedAt: now });
    expect(reasons(decide({}, {}, { failures, forcedUntil: now }))).toEqual(['backing-off']);
  });
});

describe('deciding a batch', () => {
  it('shares the rest of the rate limit in the order of asking, and numbers the grants on', () => {
    const decisions = decide(
      tenPerHour,
      { used: 8, oldestGrantAt: now - 1 },
      { machine: 'a' },
      { machine: 'b' },
      { machine: 'c' },
    );
    expect(reasons(decisions)).toEqual(['granted', 'granted', 'rate-limited']);
    expect(decisions.map((decision) => (decision.kind === 'grant' ? decision.number : null))).toEqual([42, 43, null]);
    expect(decisions[2]?.answer.inputs).toMatchObject({ limit: 10, used: 10 });
  });

  it('shares the free slots between grants and lost installs', () => {
    const installed: OpenAttempt = { ...leased, stage: 'installed' };
    const decisions = decide(
      { policy: { concurrencyLimit: 2 } },
      {},
      { machine: 'a', attempt: installed },
      { machine: 'b' },
      { machine: 'c' },
      { machine: 'd', attempt: installed },
    );
    expect(decisions.map(({ kind }) => kind)).toEqual(['reopen', 'grant', 'refuse', 'refuse']);
  });

  it('grants one machine of a batch in safe mode', () => {
    expect(reasons(decide({ policy: { safeMode: true } }, {}, { machine: 'a' }, { machine: 'b' }))).toEqual([
      'granted',
      'safe-mode-probing',
    ]);
  });

  it('offers the same again to a machine that asks twice in one batch', () => {
    const decisions = decide({ policy: { rateLimit: { max: 1, periodMs: hourMs } } }, {}, {}, {});
    expect(reasons(decisions)).toEqual(['granted', 're-offered']);
  });
});

it('has no concurrency limit without any limit', () => {
  const policy = sampleSnapshot().groups[0]?.policy;
  expect(policy && concurrencyLimitOf(policy)).toBeNull();
});

it('costs one machine its answer when a rule throws, and the others of the batch nothing', () => {
  const broken = {
    get: () => {
      throw new Error('no such failure');
    },
  };
  const decisions = decide({}, {}, { machine: 'a' }, { machine: 'b', failures: broken as never }, { machine: 'c' });
  expect(reasons(decisions)).toEqual(['granted', 'rule-failed', 'granted']);
  expect(decisions[1]?.answer.inputs).toEqual({ note: 'no such failure' });
  expect(decisions.map((one) => (one.kind === 'grant' ? one.number : 0))).toEqual([42, 0, 43]);
});
