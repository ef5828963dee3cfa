// Counts what the fleet does, for the line that people watch and for the summary.
import type { Machine, Phase } from './machine.js';

export interface SimulationProgress {
  elapsedMs: number;
  /** How far the machines' clock has come. */
  machineMs: number;
  phases: Readonly<Record<Phase, number>>;
  answers: number;
  answersPerSecond: number;
  /** Answers with another status than 200, and POSTs without one. */
  notOk: number;
  /** How late the fleet is, on this computer's clock: more than a second means that the server or this computer cannot keep up. */
  lateMs: number;
}

export interface SimulationSummary extends SimulationProgress {
  endedBy: 'everybody-done' | 'all-held' | 'duration' | 'signal';
  instances: number;
  /** Attempts, not machines. */
  attempts: { started: number; completed: number; failed: number; rolledBack: number };
  /** Why machines are on hold at the end. */
  reasons: Record<string, number>;
  /** What they run at the end. */
  versions: Record<string, number>;
  /** Answers by HTTP status; 0 is no answer. */
  statuses: Record<string, number>;
  /** Of the last answers, at most 8192. */
  latencyMs: { p50: number; p99: number };
}

const latenciesKept = 8192;

const nobody: Readonly<Record<Phase, number>> = {
  starting: 0,
  'on-hold': 0,
  granted: 0,
  downloading: 0,
  installing: 0,
  'awaiting-reboot': 0,
  done: 0,
  failed: 0,
};

export interface Tally {
  readonly attempts: SimulationSummary['attempts'];
  enter(machine: Machine, phase: Phase): void;
  count(phase: Phase): number;
  answered(status: number, latencyMs: number): void;
  late(lateMs: number): void;
  /** Speed and lateness are since the progress before. */
  takeProgress(elapsedMs: number, machineMs: number): SimulationProgress;
  summarise(
    progress: SimulationProgress,
    machines: Machine[],
    endedBy: SimulationSummary['endedBy'],
  ): SimulationSummary;
}

export function makeTally(instances: number): Tally {
  const counts: Record<Phase, number> = { ...nobody, starting: instances };
  const attempts = { started: 0, completed: 0, failed: 0, rolledBack: 0 };
  const statuses = new Map<number, number>();
  const latencies: number[] = [];
  let answers = 0;
  let lateMs = 0;
  let since = { answers: 0, elapsedMs: 0 };
  return {
    attempts,
    enter(machine, phase) {
      counts[machine.phase]--;
      counts[phase]++;
      machine.phase = phase;
    },
    count: (phase) => counts[phase],
    answered(status, latencyMs) {
      latencies[answers % latenciesKept] = latencyMs;
      answers++;
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    },
    late(ms) {
      lateMs = Math.max(lateMs, ms);
    },
    takeProgress(elapsedMs, machineMs) {
      const seconds = Math.max(0.001, (elapsedMs - since.elapsedMs) / 1000);
      const answersPerSecond = (answers - since.answers) / seconds;
      const notOk = answers - (statuses.get(200) ?? 0);
      const progress = { elapsedMs, machineMs, phases: { ...counts }, answers, answersPerSecond, notOk, lateMs };
      since = { answers, elapsedMs };
      lateMs = 0;
      return progress;
    },
    summarise: (progress, machines, endedBy) => ({
      ...progress,
      answersPerSecond: answers / Math.max(0.001, progress.elapsedMs / 1000),
      endedBy,
      instances,
      attempts: { ...attempts },
      reasons: countBy(machines.filter(({ phase }) => phase === 'on-hold').map(({ reason }) => reason)),
      versions: countBy(machines.map(({ engine }) => engine.version)),
      statuses: Object.fromEntries(statuses),
      latencyMs: { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) },
    }),
  };
}

function countBy(words: string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return Object.fromEntries(counts);
}

function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
