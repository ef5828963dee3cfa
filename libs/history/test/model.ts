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
  if (fact.version !== '') state.version = fact.version;
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
