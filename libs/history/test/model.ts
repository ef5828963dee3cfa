// What the questions mean, by brute force over every fact: slow, short, and independent of the SQL.
import type { Fact, MachineFact } from '@platte/facts';
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
}

export const identityOf = ({ app, machine, at, kind, n }: Fact) => JSON.stringify([app, machine, at, kind, n]);

export function distinct(facts: readonly Fact[]): Fact[] {
  return [...new Map(facts.map((fact) => [identityOf(fact), fact])).values()].toSorted(
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
  };
}

function apply(state: ModelState, fact: Fact): boolean {
  if (fact.kind === 'MachineDeleted') {
    Object.assign(state, { deleted: true, status: '' });
    return true;
  }
  if (!('version' in fact)) return false;
  const status = statusOf(fact);
  if (status !== null) state.status = status;
  if (isSeen(fact)) see(state, fact);
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
  const answer: Breakdown = { at, total: 0, versions: {}, statuses: {} };
  for (const state of statesAt(facts, scope.app, at).values()) {
    if (state.deleted || state.lastSeen < since || !inScope(state, scope)) continue;
    answer.total += 1;
    answer.versions[state.version] = (answer.versions[state.version] ?? 0) + 1;
    const status = state.status === '' ? 'unknown' : state.status;
    answer.statuses[status] = (answer.statuses[status] ?? 0) + 1;
  }
  return answer;
}

/** Facts that machines of the scope sent from `from` on and before `to`, in the group that each fact names. */
function sentIn(facts: readonly Fact[], scope: Scope, from: number, to: number): MachineFact[] {
  return distinct(facts).flatMap((fact) => {
    if (!isSeen(fact) || !('version' in fact) || fact.app !== scope.app || fact.at < from || fact.at >= to) return [];
    const told = {
      ...newState(fact.machine),
      group: fact.group ?? '',
      channel: fact.channel ?? '',
      arch: fact.arch,
      oem: fact.oem,
    };
    return inScope(told, scope) ? [fact] : [];
  });
}

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

export function modelFailures(facts: readonly Fact[], scope: Scope, from: number, to: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const fact of distinct(facts)) {
    const status = statusOf(fact);
    if (status !== 'failed' && status !== 'rolled-back' && status !== 'timed-out') continue;
    if (!('version' in fact) || fact.app !== scope.app || fact.at < from || fact.at >= to) continue;
    const told = {
      ...newState(fact.machine),
      group: fact.group ?? '',
      channel: fact.channel ?? '',
      arch: fact.arch,
      oem: fact.oem,
    };
    if (!inScope(told, scope)) continue;
    const code = fact.kind === 'EventReported' ? fact.errorCode : '';
    const name = JSON.stringify([status, code, fact.version, fact.oem]);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

const inFlight = new Set(['granted', 'downloading', 'downloaded', 'installed']);
const steps = ['granted', 'downloading', 'downloaded', 'installed', 'complete'];

/** How many attempts came to each step or beyond: an attempt begins at a grant of a machine that was on no way. */
export function modelFunnel(facts: readonly Fact[], app: string): number[] {
  const furthest: number[] = [];
  const machines = new Set(
    facts.filter((fact) => fact.app === app && fact.machine !== '').map(({ machine }) => machine),
  );
  for (const machine of machines) {
    let status = '';
    let attempt = -1;
    for (const fact of distinct(facts)) {
      if (fact.app !== app || fact.machine !== machine) continue;
      const brought = fact.kind === 'MachineDeleted' ? 'unknown' : statusOf(fact);
      if (brought === null) continue;
      if (brought === 'granted' && !inFlight.has(status)) attempt = furthest.push(0) - 1;
      if (attempt >= 0) furthest[attempt] = Math.max(furthest[attempt] ?? 0, steps.indexOf(brought));
      status = brought;
    }
  }
  return steps.map((_, step) => furthest.filter((reached) => reached >= step).length);
}

/** Machines on their way through a grant that have missed three of their own intervals. */
export function modelSilent(facts: readonly Fact[], app: string, now: number): string[] {
  const asked = distinct(facts).filter((fact) => fact.kind === 'MachineCheckedIn' && fact.answer && fact.app === app);
  return [...statesAt(facts, app, Infinity).values()]
    .filter(({ deleted, status, machine, lastSeen }) => {
      if (deleted || !['granted', 'downloading', 'downloaded'].includes(status)) return false;
      const times = [...new Set(asked.filter((fact) => fact.machine === machine).map(({ at }) => at))];
      const cadence = times.length > 1 ? Math.floor((Math.max(...times) - Math.min(...times)) / (times.length - 1)) : 0;
      return now - lastSeen > 3 * (cadence === 0 ? 4 * 3_600_000 : cadence);
    })
    .map(({ machine }) => machine);
}
