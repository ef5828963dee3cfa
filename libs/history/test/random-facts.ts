// Random histories of a small fleet: machines that update, move between groups, fall silent, fail, are deleted and come
// back. Everything follows from a seed, so that a failure can be shown again.
import type { AnswerReason, Fact } from '@platte/facts';

export const app = 'e96281a6-d1af-4bde-9a0a-97b76e56dc57';
export const otherApp = '11111111-2222-4333-8444-555555555555';
export const groups: [string, string] = [
  'aaaaaaaa-0000-4000-8000-000000000001',
  'aaaaaaaa-0000-4000-8000-000000000002',
];
export const channels: [string, string] = [
  'cccccccc-0000-4000-8000-000000000001',
  'cccccccc-0000-4000-8000-000000000002',
];
/** Among them what a machine may say that no release is called. */
export const versions: [string, ...string[]] = [
  '4152.2.0',
  '4230.1.0',
  '4230.1.1-nightly-20261101-2100',
  '',
  `it's "odd" \\ \n\t😀`,
];
export const oems: [string, ...string[]] = ['', 'ami', 'qemu'];
export const errorCodes = ['9', '29', '44', '268435465', '-1610612727', ''];
const reasons: AnswerReason[] = [
  'up-to-date',
  'granted',
  're-offered',
  'not-in-wave',
  'rate-limited',
  'updates-disabled',
  'unknown-group',
  'no-package',
];
const events: [type: number, result: number][] = [
  [13, 1],
  [14, 1],
  [3, 1],
  [3, 0],
  [3, 2],
  [800, 1],
  [3, 9],
  [54, 1],
  [99, 1],
];

/** mulberry32: small, and good enough to shuffle tests. */
export function makeRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

type Random = ReturnType<typeof makeRandom>;

export interface Fleet {
  seed: number;
  machines: number;
  facts: number;
  from: number;
  spanMs: number;
}

export function makeFacts({ seed, machines, facts, from, spanMs }: Fleet): Fact[] {
  const random = makeRandom(seed);
  return Array.from({ length: facts }, (_, count) => makeFact(random, machines, from, spanMs, count));
}

export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const places = new Map(items.map((item) => [item, random(2 ** 30)]));
  return items.toSorted((a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0));
}

function makeFact(random: Random, machines: number, from: number, spanMs: number, count: number): Fact {
  const pick = <T>(items: readonly [T, ...T[]]): T => items[random(items.length)] ?? items[0];
  const group = random(10) === 0 ? null : pick(groups);
  const about = {
    v: 1 as const,
    app: random(8) === 0 ? otherApp : app,
    machine: `machine-${random(machines).toString().padStart(4, '0')}`,
    at: makeMoment(random, from, spanMs),
    n: random(3) * 2 ** 20 * 1000 + count,
    version: pick(versions),
    group,
    channel: group === null ? null : pick(channels),
    arch: pick(['amd64', 'arm64'] as const),
    rollout: null,
    reboots: random(4) !== 0,
    oem: pick(oems),
  };
  switch (pick(['check', 'check', 'check', 'ping', 'event', 'event', 'grant', 'end', 'delete'])) {
    case 'event':
      return makeEvent(random, about);
    case 'grant':
      return {
        kind: 'UpdateGranted',
        ...about,
        attempt: { at: about.at, n: about.n },
        package: groups[0],
        toVersion: pick(versions),
        number: 1,
        grantedAt: about.at,
        deadline: about.at + 3_600_000,
        forced: false,
      };
    case 'end':
      return {
        kind: 'LeaseEnded',
        ...about,
        attempt: { at: about.at, n: about.n },
        package: groups[0],
        toVersion: pick(versions),
        outcome: pick(['timed-out', 'complete', 'cancelled']),
        cause: 'the deadline passed',
      };
    case 'delete':
      return makeDeletion(random, about);
    case 'ping':
      return makeCheckIn(random, about, false);
    default:
      return makeCheckIn(random, about, true);
  }
}

/** Round moments too: whole minutes are where silence begins, hours and days where buckets do; and replicas share them. */
function makeMoment(random: Random, from: number, spanMs: number): number {
  switch (random(6)) {
    case 0:
      return from + random(spanMs / 60_000) * 60_000;
    case 1:
      return from + random(spanMs / 3_600_000) * 3_600_000;
    case 2:
      return from + random(spanMs / 3_600_000) * 3_600_000 - random(2);
    default:
      return from + random(spanMs);
  }
}

type About = Pick<
  Extract<Fact, { kind: 'EventReported' }>,
  'v' | 'app' | 'machine' | 'at' | 'n' | 'version' | 'group' | 'channel' | 'arch' | 'rollout' | 'reboots' | 'oem'
>;

function makeEvent(random: Random, about: About): Fact {
  const [type, result] = events[random(events.length)] ?? [3, 1];
  return {
    kind: 'EventReported',
    ...about,
    type,
    result,
    errorCode: result === 0 ? (errorCodes[random(errorCodes.length)] ?? '') : '',
    previousVersion: random(2) === 0 ? '' : '4081.2.0',
    bootId: '',
  };
}

/** Rare: most deletions become a check-in. */
function makeDeletion(random: Random, about: About): Fact {
  if (random(4) !== 0) return makeCheckIn(random, about, true);
  const { app, machine, at, n } = about;
  return {
    kind: 'MachineDeleted',
    v: 1,
    app,
    machine,
    at,
    n,
    actor: 'ada',
    revision: 1,
    subject: machine,
    group: null,
    before: null,
    after: null,
  };
}

function makeCheckIn(random: Random, about: About, asks: boolean): Fact {
  const reason = reasons[random(reasons.length)] ?? 'up-to-date';
  return {
    kind: 'MachineCheckedIn',
    ...about,
    track: 'stable',
    ip: `10.0.${random(4)}.${random(200)}`,
    alias: random(3) === 0 ? 'Wörker-Ω' : '',
    oemVersion: '',
    aleph: '',
    bootId: '{b1d4}',
    ping: true,
    heartbeat: true,
    source: 'scheduler',
    ...(asks && {
      answer: { reason, inputs: { target: '4230.1.0', place: random(10_000) }, until: about.at + 60_000 },
    }),
  };
}

/** What people write on machines: a name, labels, and a hold of every other one. */
export function makeMarks(machines: readonly string[]): Fact[] {
  return machines.flatMap((machine, n): Fact[] => {
    const about = {
      v: 1,
      app,
      machine,
      at: 1_760_000_000_000 + n,
      actor: 'ada',
      subject: machine,
      group: null,
    } as const;
    const after = { name: `name ${n}`, labels: { role: n % 3 === 0 ? 'db' : 'web' } };
    return [
      { kind: 'MachineLabelled', ...about, n: 2 * n, revision: 2 * n + 1, before: null, after },
      ...(n % 2 === 0
        ? [
            {
              kind: 'MachineHeld',
              ...about,
              n: 2 * n + 1,
              revision: 2 * n + 2,
              before: null,
              after: { note: 'disk' },
            } as const,
          ]
        : []),
    ];
  });
}
