// The simulation in words: one line while it runs, a few lines at its end.
import type { SimulationProgress, SimulationSummary } from './tally.js';

/** `00:12 (2.0 h) | granted 12 | downloading 40 | … | 1450 answers/s`: one line, for a terminal or a log. */
export function describeProgress(progress: SimulationProgress): string {
  const { phases } = progress;
  const machines = Object.values(phases).reduce((sum, count) => sum + count, 0);
  const parts = [
    `${clock(progress.elapsedMs)} (${span(progress.machineMs)})`,
    `granted ${phases.granted}`,
    `downloading ${phases.downloading + phases.installing}`,
    `awaiting reboot ${phases['awaiting-reboot']}`,
    `done ${phases.done} of ${machines}`,
    `failed ${phases.failed}`,
    `on hold ${phases['on-hold']}`,
    `${Math.round(progress.answersPerSecond)} answers/s`,
  ];
  if (progress.notOk > 0) parts.push(`not 200: ${progress.notOk}`);
  if (progress.lateMs > 1000) parts.push(`${(progress.lateMs / 1000).toFixed(1)} s late`);
  return parts.join(' | ');
}

const endings: Record<SimulationSummary['endedBy'], string> = {
  'everybody-done': 'every machine is up to date',
  duration: 'the time is over',
  'all-held': 'nothing moves any more: the rest is on hold',
  signal: 'stopped',
};

export function describeSummary(summary: SimulationSummary): string {
  const { attempts, latencyMs } = summary;
  const statuses = Object.entries(summary.statuses).map(
    ([status, count]) => `${count} of ${status === '0' ? 'none' : status}`,
  );
  const lines = [
    `${endings[summary.endedBy]}: ${summary.phases.done} of ${summary.instances} machines done after ${clock(summary.elapsedMs)} (${span(summary.machineMs)} for them)`,
    `attempts: ${attempts.started} started, ${attempts.completed} rebooted into the update, ${attempts.failed} failed, ${attempts.rolledBack} rolled back`,
    `versions: ${counted(summary.versions)}`,
    `answers: ${summary.answers} (${Math.round(summary.answersPerSecond)} per second), by HTTP status: ${statuses.join(', ')}`,
    `time to an answer: ${latencyMs.p50.toFixed(1)} ms in the middle, ${latencyMs.p99.toFixed(1)} ms for the slowest hundredth`,
  ];
  if (Object.keys(summary.reasons).length > 0) lines.push(`on hold: ${counted(summary.reasons)}`);
  return lines.join('\n');
}

/** Biggest first. */
function counted(counts: Record<string, number>): string {
  return Object.entries(counts)
    .toSorted(([, a], [, b]) => b - a)
    .map(([word, count]) => `${count} ${word === '' ? 'without a reason' : word}`)
    .join(', ');
}

function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}

function span(ms: number): string {
  const hours = ms / 3_600_000;
  if (hours < 1) return `${Math.round(hours * 60)} min`;
  return hours < 48 ? `${hours.toFixed(1)} h` : `${(hours / 24).toFixed(1)} days`;
}
