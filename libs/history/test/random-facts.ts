// Random histories of a small fleet: machines that update, move between groups and applications, fall silent, fail, are
// deleted and come back; a group and a channel that are removed on the way; facts of one moment, and at the borders of
// minutes, hours, days, weeks and of the day after which silence begins. Everything follows from a seed, so that a failure can be shown again.
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
/** Of the first half only: what a removed group or channel was stays in what happened. */
export const removed = {
  group: 'aaaaaaaa-0000-4000-8000-00000000000f',
  channel: 'cccccccc-0000-4000-8000-00000000000f',
};
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
  const made: Fact[] = [];
  for (let count = 0; count < facts; count++)
    made.push(makeFact(random, { machines, from, spanMs, count }, made.at(-1)));
  return [...made, ...makeRemovals(from + spanMs / 2)];
}

function makeRemovals(at: number): Fact[] {
  return (['group', 'channel'] as const).map((what, n) => ({
    kind: what === 'group' ? 'GroupDeleted' : 'ChannelDeleted',
    v: 1,
    app,
    machine: '',
    at,
    n,
    actor: 'ada',
    revision: n + 1,
    subject: removed[what],
    group: what === 'group' ? removed.group : null,
    before: { name: what },
    after: null,
  }));
}

interface Place {
  machines: number;
  from: number;
  spanMs: number;
  count: number;
}

export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const places = new Map(items.map((item) => [item, random(2 ** 30)]));
  return items.toSorted((a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0));
}

function makeFact(random: Random, { machines, from, spanMs, count }: Place, before: Fact | undefined): Fact {
  const pick = <T>(items: readonly [T, ...T[]]): T => items[random(items.length)] ?? items[0];
  // Of the machine before, at its moment or a day after it, or anything.
  const like = before && random(6) === 0 ? before : undefined;
  const at = like ? nextMoment(random, like.at, from + spanMs) : makeMoment(random, from, spanMs);
  const isEarly = at < from + spanMs / 2;
  const group = random(10) === 0 ? null : pick(isEarly ? [...groups, removed.group] : groups);
  const about = {
    v: 1 as const,
    app: like?.app ?? (random(8) === 0 ? otherApp : app),
    machine: like?.machine ?? `machine-${random(machines).toString().padStart(4, '0')}`,
    at,
    n: random(3) * 2 ** 20 * 1000 + count,
    version: pick(versions),
    group,
    channel: group === null ? null : pick(isEarly ? [...channels, removed.channel] : channels),
    arch: pick(['amd64', 'arm64'] as const),
    rollout: null,
    reboots: random(4) !== 0,
    oem: pick(oems),
    // One of eleven is a test's: of any kind, of machines that else are ordinary, and that must change nothing.
    ...(count % 11 === 5 && { testSource: 'prober' }),
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

/** The same moment, or so much later that it is silent by then, or just not yet. */
function nextMoment(random: Random, at: number, end: number): number {
  const silence = Math.floor(at / 60_000) * 60_000 + 86_460_000;
  const later = [at, at, at + 1, at + 86_400_000, silence - 1, silence, silence + 1][random(7)] ?? at;
  return later < end ? later : at;
}

type About = Pick<
  Extract<Fact, { kind: 'EventReported' }>,
  | 'v'
  | 'app'
  | 'machine'
  | 'at'
  | 'n'
  | 'version'
  | 'group'
  | 'channel'
  | 'arch'
  | 'rollout'
  | 'reboots'
  | 'oem'
  | 'testSource'
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
    alias: random(3) === 0 ? (['Wörker-Ω', 'db 1'][about.n % 2] ?? '') : '',
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
