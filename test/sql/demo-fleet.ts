// A week of a small fleet, for the answers in docs/reference/sql.md: 240 machines of a group that gets a release from its
// third day on, 40 of another that has it already. Everything follows from the moment at which the week ends.
import type { CatalogFact, EventReported, Fact, MachineCheckedIn, RolloutFact } from '@platte/facts';

export const application = 'e96281a6-d1af-4bde-9a0a-97b76e56dc57';
export const stable = '5b810680-e36a-4879-b98a-4f989e80b899';
export const beta = '3fe10490-dd73-4b49-b72a-28ac19acfcdc';
const stableChannel = 'e06064ad-4414-4904-9a6e-fd465593d1b2';
const betaChannel = '128b8c29-5058-4643-8e67-a1a0e3c641c9';
const release = '58bd1a22-8a1b-4a56-9c6a-1d5a3c8b2f10';
const rollout = 'b2f4a9c0-6d0e-4d53-9d0f-7f6b7f3f2a11';
const [before, after] = ['4152.2.3', '4230.2.1'];

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** Machines ask every four hours, each at its own minute. */
const cadenceMs = 4 * hourMs;
const stableMachines = 240;
const betaMachines = 40;

interface Machine {
  id: string;
  index: number;
  group: string;
  channel: string;
  arch: 'amd64' | 'arm64';
  oem: string;
}

let count = 0;
const place = (at: number) => ({ at, n: count++ });

export function makeDemoFleet(end: number): Fact[] {
  count = 0;
  const began = end - 7 * dayMs;
  const machines = Array.from({ length: stableMachines + betaMachines }, (_, index) => toMachine(index));
  const facts = machines.flatMap((machine) => liveAWeek(machine, began, end));
  return [...facts, ...madeByPeople(began)].toSorted((a, b) => a.at - b.at || a.n - b.n);
}

/** Ids of 32 digits, as machines have them, that say which machine it is. */
const toId = (index: number) => (index * 2_654_435_761).toString(16).padStart(12, '0').padEnd(32, '7f3a91c4e0');

function toMachine(index: number): Machine {
  const isStable = index < stableMachines;
  return {
    id: toId(index + 1),
    index,
    group: isStable ? stable : beta,
    channel: isStable ? stableChannel : betaChannel,
    arch: index % 5 === 0 ? 'arm64' : 'amd64',
    oem: (['ami', 'azure', 'qemu'] as const)[index % 3] ?? 'ami',
  };
}

const about = ({ id: machine, group, channel, arch, oem }: Machine, version: string) => ({
  v: 1 as const,
  app: application,
  machine,
  version,
  group,
  channel,
  arch,
  rollout: group === stable ? rollout : null,
  reboots: true,
  oem,
});

function check(machine: Machine, at: number, version: string, answer: MachineCheckedIn['answer']): MachineCheckedIn {
  return {
    kind: 'MachineCheckedIn',
    ...about(machine, version),
    ...place(at),
    track: machine.group === stable ? 'stable' : 'beta',
    ip: `10.0.${machine.index >> 6}.${machine.index & 63}`,
    alias: machine.index % 40 === 7 ? `web-${machine.index}` : '',
    oemVersion: '3.2.985.0-r1',
    aleph: '3975.2.0',
    bootId: '',
    ping: true,
    heartbeat: true,
    source: 'scheduler',
    ...(answer && { answer }),
  };
}

function report(machine: Machine, at: number, [type, result]: [number, number], errorCode = ''): EventReported {
  const version = type === 3 && result === 2 ? after : before;
  const previousVersion = type === 3 && result === 2 ? before : '';
  return {
    kind: 'EventReported',
    ...about(machine, version),
    ...place(at),
    type,
    result,
    errorCode,
    previousVersion,
    bootId: '',
  };
}

const upToDate = { reason: 'up-to-date', inputs: { target: after } } as const;
const rateLimited = {
  reason: 'rate-limited',
  inputs: { target: after, limit: 40, used: 40, periodMs: 12 * hourMs },
} as const;

function liveAWeek(machine: Machine, began: number, end: number): Fact[] {
  const facts: Fact[] = [];
  const first = began + 7 * minuteMs + ((machine.index * 37) % 240) * minuteMs;
  // Forty machines per twelve hours, in their order, from the third day on.
  const turn = machine.group === stable ? began + 2 * dayMs + Math.floor(machine.index / 40) * 12 * hourMs : Infinity;
  let version = machine.group === stable ? before : after;
  let hasTried = false;
  for (let at = first; at < end - 3 * minuteMs; at += cadenceMs) {
    const isWaiting = version === before && at >= began + 2 * dayMs;
    if (version === before && at >= turn && !hasTried) {
      hasTried = true;
      const way = takeUpdate(machine, at);
      facts.push(...way.facts);
      if (way.isLost) return facts;
      if (way.isComplete) version = after;
      continue;
    }
    const backingOff = { reason: 'backing-off', inputs: { target: after, failures: 1 } } as const;
    const notYet = hasTried ? backingOff : rateLimited;
    facts.push(check(machine, at, version, isWaiting ? notYet : upToDate));
  }
  return facts;
}

/** The way of one machine through its grant: every tenth fails to download, one arm64 machine in twelve to verify, two get lost. */
function takeUpdate(machine: Machine, at: number): { facts: Fact[]; isComplete: boolean; isLost: boolean } {
  const granted: Fact[] = [
    {
      kind: 'UpdateGranted',
      ...about(machine, before),
      ...place(at),
      attempt: { at, n: count },
      package: release,
      toVersion: after,
      number: machine.index + 1,
      grantedAt: at,
      deadline: at + hourMs,
      forced: false,
    },
    check(machine, at, before, { reason: 'granted', inputs: { target: after, deadline: at + hourMs } }),
    report(machine, at + 20_000 + machine.index * 100, [13, 1]),
  ];
  if (machine.index % 100 === 42)
    return { facts: [...granted, endLease(machine, at)], isComplete: false, isLost: true };
  if (machine.index % 10 === 3) {
    const failed = report(machine, at + 4 * minuteMs, [3, 0], '268435465');
    return { facts: [...granted, failed], isComplete: false, isLost: false };
  }
  const downloaded = report(machine, at + 2 * minuteMs + machine.index * 1000, [14, 1]);
  if (machine.arch === 'arm64' && machine.index % 12 === 0) {
    const failed = report(machine, at + 9 * minuteMs, [3, 0], '268435466');
    return { facts: [...granted, downloaded, failed], isComplete: false, isLost: false };
  }
  const rebooted = at + 20 * minuteMs + machine.index * 10_000;
  const rest = [
    report(machine, at + 10 * minuteMs + machine.index * 500, [3, 1]),
    report(machine, rebooted, [3, 2]),
    check(machine, rebooted, after, upToDate),
  ];
  return { facts: [...granted, downloaded, ...rest], isComplete: true, isLost: false };
}

/** Nobody hears of it again: policy ends its lease, or a person does, which brings no status. */
function endLease(machine: Machine, at: number): Fact {
  return {
    kind: 'LeaseEnded',
    ...about(machine, before),
    ...place(at + hourMs),
    attempt: { at, n: 0 },
    package: release,
    toVersion: after,
    ...(machine.index === 42
      ? { outcome: 'timed-out', cause: 'the deadline passed' }
      : { outcome: 'cancelled', cause: 'cancelled by person ada' }),
  };
}

function madeByPeople(began: number): Fact[] {
  const changed = (
    kind: CatalogFact['kind'],
    at: number,
    machine: string,
    afterwards: CatalogFact['after'],
  ): CatalogFact => ({
    kind,
    v: 1,
    app: application,
    machine,
    ...place(at),
    actor: 'ada',
    revision: count,
    subject: machine || stable,
    group: machine ? null : stable,
    before: null,
    after: afterwards,
  });
  const started: RolloutFact = {
    kind: 'RolloutStarted',
    v: 1,
    app: application,
    machine: '',
    ...place(began + 2 * dayMs),
    group: stable,
    rollout,
    package: release,
    toVersion: after,
    actor: 'ada',
    cause: 'the channel changed',
  };
  return [
    changed('PackageAssigned', began + 2 * dayMs, '', null),
    started,
    changed('GroupPaused', began + 3 * dayMs, '', { note: 'failures on arm64' }),
    changed('GroupResumed', began + 3 * dayMs + 40 * minuteMs, '', null),
    changed('MachineLabelled', began + 4 * dayMs, toId(8), { name: '', labels: { role: 'db', rack: 'a12' } }),
    changed('MachineLabelled', began + 4 * dayMs, toId(14), { name: '', labels: { role: 'db', rack: 'a13' } }),
    changed('MachineHeld', began + 4 * dayMs, toId(14), { note: 'disk swap' }),
  ];
}
