// What the questions mean, by brute force over every fact: slow, short, and independent of the SQL.
import { type Fact, isCounted, type MachineCheckedIn, type MachineFact } from '@platte/facts';
import { isSeen, statusOf } from '@platte/fleet';
import type { Breakdown } from '../src/questions/breakdown.js';
import type { Scope } from '../src/questions/scope.js';

const dayMs = 86_400_000;

export interface ModelState {
  machine: string;
  group: string;
  channel: string;
  arch: string;
  oem: string;
  version: string;
  status: string;
  firstSeen: number;
  lastSeen: number;
  deleted: boolean;
  reason: string | null;
  answeredAt: number;
  errorCode: string | null;
  ip: string;
  alias: string;
}

export const identityOf = ({ app, machine, at, kind, n }: Fact) => JSON.stringify([app, machine, at, kind, n]);

/** Each once, in their order, without those that no statistics count. */
export function distinct(facts: readonly Fact[]): Fact[] {
  return [...new Map(facts.filter(isCounted).map((fact) => [identityOf(fact), fact])).values()].toSorted(
    (a, b) => a.at - b.at || a.n - b.n,
  );
}

/** Every machine's state from its facts up to and including `until`. */
export function statesAt(facts: readonly Fact[], app: string, until: number): Map<string, ModelState> {
  const states = new Map<string, ModelState>();
  for (const fact of distinct(facts)) {
    if (fact.app !== app || fact.machine === '' || fact.at > until || fact.kind === 'SyncerCheckedIn') continue;
    const state = states.get(fact.machine) ?? newState(fact.machine);
    if (apply(state, fact)) states.set(fact.machine, state);
  }
  return states;
}

function newState(machine: string): ModelState {
  return {
    machine,
    group: '',
    channel: '',
    arch: '',
    oem: '',
    version: '',
    status: '',
    firstSeen: Infinity,
    lastSeen: -Infinity,
    deleted: true,
    reason: null,
    answeredAt: 0,
    errorCode: null,
    ip: '',
    alias: '',
  };
}

function apply(state: ModelState, fact: Fact): boolean {
  if (fact.kind === 'MachineDeleted') {
    Object.assign(state, { deleted: true, status: '', alias: '' });
    return true;
  }
  if (!('version' in fact)) return false;
  const status = statusOf(fact);
  if (status !== null) state.status = status;
  if (isSeen(fact)) see(state, fact);
  // An empty alias says nothing.
  if (fact.kind === 'MachineCheckedIn') Object.assign(state, { ip: fact.ip, alias: fact.alias || state.alias });
  if (fact.kind === 'MachineCheckedIn' && fact.answer) {
    Object.assign(state, { reason: fact.answer.reason, answeredAt: fact.at });
  }
  if (fact.kind === 'EventReported' && (status === 'failed' || status === 'rolled-back'))
    state.errorCode = fact.errorCode;
  return true;
}

function see(state: ModelState, fact: MachineFact): void {
  state.group = fact.group ?? '';
  state.channel = fact.channel ?? '';
  state.arch = fact.arch;
  state.oem = fact.oem;
  state.version = fact.version;
  state.firstSeen = Math.min(state.firstSeen, fact.at);
  state.lastSeen = fact.at;
  state.deleted = false;
}

export function inScope(state: ModelState, scope: Scope): boolean {
  return (
    (scope.group === undefined || scope.group === state.group) &&
    (scope.channel === undefined || scope.channel === state.channel) &&
    (scope.arch === undefined || scope.arch === state.arch) &&
    (scope.oem === undefined || scope.oem === state.oem)
  );
}

export function modelBreakdown(
  facts: readonly Fact[],
  scope: Scope,
  at: number,
  now = at,
  windowMs = dayMs,
): Breakdown {
  const since = Math.floor(now / 60_000) * 60_000 - windowMs;
  const active = [...statesAt(facts, scope.app, at).values()].filter(
    (state) => !state.deleted && state.lastSeen >= since && inScope(state, scope),
  );
  return {
    at,
    total: active.length,
    versions: countBy(active.map(({ version }) => version)),
    statuses: countBy(active.map(({ status }) => status || 'unknown')),
  };
}

function countBy(names: string[]): Record<string, number> {
  return Object.fromEntries([...Map.groupBy(names, (name) => name)].map(([name, same]) => [name, same.length]));
}

/** Facts that machines of the scope sent from `from` on and before `to`, in the group that each fact names. */
function sentIn(facts: readonly Fact[], scope: Scope, from: number, to: number): MachineFact[] {
  return distinct(facts).flatMap((fact) => {
    if (!isSeen(fact) || !('version' in fact) || fact.app !== scope.app || fact.at < from || fact.at >= to) return [];
    return inScope(toldBy(fact), scope) ? [fact] : [];
  });
}

const toldBy = ({ machine, group, channel, arch, oem }: MachineFact): ModelState => ({
  ...newState(machine),
  group: group ?? '',
  channel: channel ?? '',
  arch,
  oem,
});

export function modelSeen(facts: readonly Fact[], scope: Scope, from: number, to: number): number {
  return new Set(sentIn(facts, scope, from, to).map(({ machine }) => machine)).size;
}

/** Distinct machines by version, and by status that their facts brought. */
export function modelPresence(
  facts: readonly Fact[],
  scope: Scope,
  from: number,
  to: number,
  by: 'version' | 'status',
) {
  const there = new Map<string, Set<string>>();
  const all = new Set<string>();
  for (const fact of sentIn(facts, scope, from, to)) {
    const value = by === 'version' ? fact.version : statusOf(fact);
    if (value === null) continue;
    all.add(fact.machine);
    there.set(value, (there.get(value) ?? new Set()).add(fact.machine));
  }
  return { at: from, total: all.size, counts: Object.fromEntries([...there].map(([value, set]) => [value, set.size])) };
}

/** Each failure of the range by what it is counted under, with the machine and the moment. */
export function modelFailures(facts: readonly Fact[], scope: Scope, from: number, to: number) {
  const groups = new Map<string, { at: number; machine: string }[]>();
  for (const fact of distinct(facts)) {
    const status = statusOf(fact);
    if (status !== 'failed' && status !== 'rolled-back' && status !== 'timed-out') continue;
    if (!('version' in fact) || fact.app !== scope.app || fact.at < from || fact.at >= to) continue;
    if (!inScope(toldBy(fact), scope)) continue;
    const code = fact.kind === 'EventReported' ? fact.errorCode : '';
    const name = JSON.stringify([status, code, fact.version, fact.oem]);
    groups.set(name, [...(groups.get(name) ?? []), fact]);
  }
  return Object.fromEntries(
    [...groups].map(([name, of]) => [
      name,
      {
        failures: of.length,
        machines: new Set(of.map(({ machine }) => machine)).size,
        lastAt: Math.max(...of.map(({ at }) => at)),
      },
    ]),
  );
}

/** Machines by their status of now, of those last seen in the range. */
export function modelProgress(facts: readonly Fact[], scope: Scope, from: number, to: number) {
  const seen = [...statesAt(facts, scope.app, Infinity).values()].filter(
    (state) => !state.deleted && state.lastSeen >= from && state.lastSeen < to && inScope(state, scope),
  );
  return { total: seen.length, statuses: countBy(seen.map(({ status }) => status || 'unknown')) };
}

const kindOf = {
  MachineCheckedIn: 'check-in',
  EventReported: 'event',
  UpdateGranted: 'grant',
  LeaseEnded: 'lease-end',
  MachineDeleted: 'deletion',
} as const;

/** What one machine's history has, newest first; without `all` only check-ins that differ from the one before. */
export function modelHistory(facts: readonly Fact[], app: string, machine: string, all: boolean) {
  const items: { at: number; n: number; kind: string; repeats: number }[] = [];
  let before: { said: string; item: { repeats: number } } | undefined;
  for (const fact of distinct(facts)) {
    if (fact.app !== app || fact.machine !== machine || !(fact.kind in kindOf)) continue;
    const item = { at: fact.at, n: fact.n, kind: kindOf[fact.kind as keyof typeof kindOf], repeats: 1 };
    const said = fact.kind === 'MachineCheckedIn' ? saidBy(fact) : undefined;
    if (!all && said !== undefined && said === before?.said) before.item.repeats += 1;
    else items.push(item);
    if (said !== undefined && said !== before?.said) before = { said, item };
  }
  return items.toReversed();
}

const saidBy = ({ version, group, channel, oem, answer }: MachineCheckedIn) =>
  JSON.stringify([version, group, channel, oem, answer?.reason ?? '']);

const inFlight = new Set(['granted', 'downloading', 'downloaded', 'installed']);
const steps = ['granted', 'downloading', 'downloaded', 'installed', 'complete'];

interface ModelAttempt {
  /** When its status first came to each step; the first is its beginning. */
  firstAt: Map<string, number>;
  furthest: number;
  last: string;
}

/**
 * An attempt begins where a machine's status becomes granted and it was on no way before; only moments at which the machine
 * was in the scope count.
 */
function attemptsOf(facts: readonly Fact[], scope: Scope, from: number, to: number): ModelAttempt[] {
  const attempts: ModelAttempt[] = [];
  const machines = new Set(facts.flatMap(({ app, machine }) => (app === scope.app && machine !== '' ? [machine] : [])));
  for (const machine of machines) {
    const state = newState(machine);
    let attempt: ModelAttempt | undefined;
    for (const fact of distinct(facts)) {
      if (fact.app !== scope.app || fact.machine !== machine) continue;
      const was = state.status;
      apply(state, fact);
      if (fact.kind === 'MachineDeleted') state.status = 'unknown';
      const { status } = state;
      if (status === was || fact.at < from || fact.at >= to || !inScope(state, scope)) continue;
      if (status === 'granted' && !inFlight.has(was)) {
        attempt = { firstAt: new Map(), furthest: 0, last: '' };
        attempts.push(attempt);
      }
      if (attempt === undefined) continue;
      if (!attempt.firstAt.has(status)) attempt.firstAt.set(status, fact.at);
      attempt.furthest = Math.max(attempt.furthest, steps.indexOf(status));
      attempt.last = status;
    }
  }
  return attempts;
}

/** As ClickHouse's quantileExact: the one at the place, rounded down. */
function quantile(times: number[], level: number): number | null {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(Math.floor(level * sorted.length), sorted.length - 1)] ?? null;
}

/** How many attempts came to each step or beyond, and how long the first of each took. */
export function modelFunnel(facts: readonly Fact[], scope: Scope, from: number, to: number) {
  const attempts = attemptsOf(facts, scope, from, to);
  const reached = steps.map((_, step) => attempts.filter(({ furthest }) => furthest >= step).length);
  return {
    steps: steps.map((step, index) => {
      const times = attempts.flatMap(({ firstAt }) =>
        firstAt.has(step) ? [firstAt.get(step)! - (firstAt.get('granted') ?? 0)] : [],
      );
      return {
        step,
        attempts: reached[index],
        droppedOff: index === 0 ? 0 : (reached[index - 1] ?? 0) - (reached[index] ?? 0),
        p50Ms: quantile(times, 0.5),
        p95Ms: quantile(times, 0.95),
      };
    }),
    failed: attempts.filter(({ last }) => last === 'failed').length,
    rolledBack: attempts.filter(({ last }) => last === 'rolled-back').length,
    timedOut: attempts.filter(({ last }) => last === 'timed-out').length,
  };
}

/** Machines on their way through a grant that have missed three of their own intervals. */
export function modelSilent(facts: readonly Fact[], scope: Scope, now: number): string[] {
  const asked = distinct(facts).filter(
    (fact) => fact.kind === 'MachineCheckedIn' && fact.answer && fact.app === scope.app,
  );
  return [...statesAt(facts, scope.app, Infinity).values()]
    .filter((state) => {
      const { deleted, status, machine, lastSeen } = state;
      if (deleted || !inScope(state, scope) || !['granted', 'downloading', 'downloaded'].includes(status)) return false;
      const times = [...new Set(asked.filter((fact) => fact.machine === machine).map(({ at }) => at))];
      const cadence = times.length > 1 ? Math.floor((Math.max(...times) - Math.min(...times)) / (times.length - 1)) : 0;
      return now - lastSeen > 3 * (cadence === 0 ? 4 * 3_600_000 : cadence);
    })
    .map(({ machine }) => machine);
}
