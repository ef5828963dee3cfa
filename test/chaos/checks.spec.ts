// Each check says nothing of a clean run, and finds what it is there for.
import type { Fact, MachineCheckedIn, UpdateGranted } from '@platte/facts';
import { describe, expect, it } from 'vitest';
import { checks } from './checks.js';
import { type Evidence, identityOf } from './evidence.js';
import type { Told } from './machines.js';

const app = 'e96281a6-d1af-4bde-9a0a-97b76e56dc57';
const group = 'group-1';
const common = {
  v: 1,
  app,
  machine: 'chaos-1-1',
  version: '1000.0.0',
  group,
  channel: 'channel-1',
  arch: 'amd64',
  rollout: 'rollout-1',
  reboots: true,
  oem: 'qemu',
} as const;

const checkIn: MachineCheckedIn = {
  kind: 'MachineCheckedIn',
  ...common,
  at: 1_000,
  n: 2,
  track: 'chaos-1',
  ip: '127.0.0.1',
  alias: '',
  oemVersion: '',
  aleph: '',
  bootId: '',
  ping: true,
  heartbeat: true,
  source: 'chaos-1-1.1',
  answer: { reason: 'granted', inputs: {} },
};
const grant: UpdateGranted = {
  kind: 'UpdateGranted',
  ...common,
  at: 1_001,
  n: 3,
  attempt: { at: 1_000, n: 2 },
  package: 'package-1',
  toVersion: '2000.1.0',
  number: 1,
  grantedAt: 1_001,
  deadline: 61_001,
  forced: false,
};
const told: Told = {
  token: 'chaos-1-1.1',
  machine: 'chaos-1-1',
  group: 0,
  ingress: 'ingress-1',
  version: '1000.0.0',
  event: null,
  asked: true,
  sentAt: 500_000,
  answeredAt: 500_010,
  status: 200,
  offered: '2000.1.0',
  invalid: null,
};
const lease = { group, machine: 'chaos-1-1', rollout: 'rollout-1', toVersion: '2000.1.0', outcome: null };
const grantStep = { group, grantedAt: 1_001, grants: 1, updatesEnabled: true, rolloutState: 'running' };

function evidenceOf(changes: Partial<Evidence> = {}, facts: readonly Fact[] = [checkIn, grant]): Evidence {
  const byIdentity = new Map(facts.map((fact) => [identityOf(fact), fact]));
  const once = new Map([...byIdentity.keys()].map((identity) => [identity, 1]));
  const policy = {
    rateLimit: { max: 1, periodMs: 10_000 },
    concurrencyLimit: 1,
    safeMode: true,
  };
  const made = { id: group, track: 'chaos-1', channel: 'channel-1', package: 'package-1', version: '2000.1.0' };
  return {
    told: [told],
    groups: [{ ...made, policy, versions: new Set(['2000.1.0']) }],
    stops: [],
    disturbances: [],
    facts: byIdentity,
    repeatedFacts: 0,
    history: once,
    archive: once,
    instances: [{ machine: 'chaos-1-1', version: '1000.0.0', group, status: 'granted' }],
    leases: [{ ...lease, before: null, after: 'leased' }],
    grants: [grantStep],
    overdue: [],
    parked: [],
    unreadable: [],
    ...changes,
  };
}

/** The names of the checks that find something. */
function failed(evidence: Evidence): string[] {
  return checks.filter(({ find }) => find(evidence).length > 0).map(({ name }) => name);
}

const otherCheckIn = { ...checkIn, n: 9 };
const at = (from: number, to = from + 100) => ({ from, to });
const refused = (status: number): Told => ({ ...told, token: 'chaos-1-1.2', status, offered: null });

describe('a run', () => {
  it('that is clean has no findings', () => {
    expect(failed(evidenceOf())).toEqual([]);
  });

  it('gives no row to a machine whose check-in was refused after its grant, and finds one that is there', () => {
    const unseen = evidenceOf({}, [checkIn, grant, { ...grant, machine: 'chaos-1-2', n: 4 }]);
    expect(failed(unseen)).not.toContain('instances are the fold of all facts');
    const row = { machine: 'chaos-1-2', version: '1000.0.0', group, status: 'granted' as const };
    const withRow = { ...unseen, instances: [...unseen.instances, row] };
    expect(failed(withRow)).toContain('instances are the fold of all facts');
  });

  it.each<[string, Partial<Evidence>, string]>([
    [
      'an answered request that is not in the log',
      { told: [told, { ...told, token: 'chaos-1-1.7', offered: null }] },
      'every answered request is in the log, once',
    ],
    [
      'an answered event that is not in the log',
      { told: [{ ...told, event: { type: 3, result: 1 } }] },
      'every answered request is in the log, once',
    ],
    ['a request of nobody', { told: [] }, 'every answered request is in the log, once'],
    [
      'a fact that the history has not',
      { history: new Map() },
      'the history has each fact of the log once, and no other',
    ],
    [
      'a fact that the history has twice',
      { history: new Map([checkIn, grant].map((fact) => [identityOf(fact), 2])) },
      'the history has each fact of the log once, and no other',
    ],
    [
      'a fact that only the archive has',
      { archive: new Map([checkIn, grant, otherCheckIn].map((fact) => [identityOf(fact), 1])) },
      'the archive has each fact of the log once, and no other',
    ],
    ['an error of the server', { told: [told, refused(500)] }, 'no machine got an error that it should not have'],
    ['a 503 that no fault explains', { told: [told, refused(503)] }, 'no machine got an error that it should not have'],
    [
      'no answer while only PostgreSQL was away',
      { told: [told, refused(0)], disturbances: [{ what: 'postgres', kind: 'kill', ...at(500_000) }] },
      'no machine got an error that it should not have',
    ],
    [
      'an answer that is none',
      { told: [{ ...told, invalid: '<oops/>' }] },
      'no machine got an error that it should not have',
    ],
    [
      'an offer of another version',
      { told: [{ ...told, offered: '9.9.9' }] },
      'every offer has a grant of that version behind it',
    ],
    [
      'an offer during a pause',
      { stops: [{ group: 0, what: 'group', from: 498_000, until: 600_000 }] },
      'no offer after a stop was acknowledged, until it was ended',
    ],
    [
      'a grant of a stopped group',
      { grants: [{ ...grantStep, updatesEnabled: false }] },
      'no grant in a transaction that saw its group stopped',
    ],
    ['a lease at its end', { overdue: ['chaos-1-1 since 9000 ms'] }, 'no lease is open past its deadline'],
    [
      'a row of PostgreSQL that is old',
      { instances: [{ machine: 'chaos-1-1', version: '0.9', group, status: 'granted' }] },
      'instances are the fold of all facts',
    ],
    ['a machine without a row', { instances: [] }, 'instances are the fold of all facts'],
    [
      'a message parked',
      { parked: [{ durable: 'policy', sequence: 7, reason: 'why' }] },
      'what nobody can read is parked by each consumer once, and nothing else',
    ],
    [
      'poison that nobody parked',
      { unreadable: [7] },
      'what nobody can read is parked by each consumer once, and nothing else',
    ],
    [
      'a crowd',
      {
        leases: [
          { ...lease, before: null, after: 'leased' },
          { ...lease, toVersion: '2000.0.0', before: null, after: 'leased' },
        ],
      },
      'open leases stay within the concurrency limit',
    ],
    [
      'a second probe',
      {
        leases: [
          { ...lease, before: null, after: 'leased' },
          { ...lease, before: 'leased', after: 'installed' },
          { ...lease, machine: 'chaos-1-2', before: null, after: 'leased' },
        ],
      },
      'safe mode probes one machine at a time until one has succeeded',
    ],
  ])('with %s is not clean', (_, changes, name) => {
    expect(failed(evidenceOf(changes))).toEqual([name]);
  });

  it('with more grants than PostgreSQL knows, and more than the limit, says both', () => {
    const second = { ...grant, n: 4, number: 2, grantedAt: 9_000 };
    expect(failed(evidenceOf({}, [checkIn, grant, second]))).toEqual([
      'grants in any window stay within the rate limit',
      'every grant of PostgreSQL is a fact, and every such fact a grant',
    ]);
  });

  it('with one request as two facts is not clean', () => {
    expect(failed(evidenceOf({}, [checkIn, otherCheckIn, grant]))).toEqual([
      'every answered request is in the log, once',
    ]);
  });

  it('counts a window by its length: a grant that leaves it makes room', () => {
    const second = { ...grantStep, grantedAt: 11_001 };
    const fact = { ...grant, n: 4, number: 2, grantedAt: 11_001 };
    expect(failed(evidenceOf({ grants: [grantStep, second] }, [checkIn, grant, fact]))).toEqual([]);
  });

  it.each([
    ['no answer of an ingress that was killed', 0, 'ingress-1'],
    ['no answer over a link that was cut', 0, 'fleet>ingress-1'],
    ['503 while NATS is away', 503, 'nats'],
    ['503 while a server of the NATS cluster is away', 503, 'nats-2'],
    ['503 of an ingress that does not reach one of them', 503, 'ingress-1>nats-2'],
    ['503 of an ingress that does not reach NATS', 503, 'ingress-1>nats'],
  ])('excuses %s', (_, status, what) => {
    const disturbances = [{ what, kind: 'kill', ...at(499_000, 499_900) }];
    expect(failed(evidenceOf({ told: [told, refused(status)], disturbances }))).toEqual([]);
  });
});
