import { describe, expect, it } from 'vitest';
import { describeProgress, describeSummary } from './describe.js';
import type { SimulationSummary } from './tally.js';

const summary: SimulationSummary = {
  elapsedMs: 65_000,
  machineMs: 65_000 * 600,
  phases: {
    starting: 0,
    'on-hold': 30,
    granted: 5,
    downloading: 10,
    installing: 2,
    'awaiting-reboot': 3,
    done: 49,
    failed: 1,
  },
  answers: 9000,
  answersPerSecond: 138.4,
  notOk: 2,
  lateMs: 1500,
  endedBy: 'signal',
  instances: 100,
  attempts: { started: 70, completed: 49, failed: 1, rolledBack: 0 },
  reasons: { 'not-in-wave': 10, 'rate-limited': 20 },
  versions: { '1000.0.0': 51, '2000.0.0': 49 },
  statuses: { '0': 2, '200': 8998 },
  latencyMs: { p50: 1.24, p99: 12.3 },
};

describe('the simulation', () => {
  it('says in one line what the fleet does', () => {
    expect(describeProgress(summary)).toBe(
      '01:05 (10.8 h) | granted 5 | downloading 12 | awaiting reboot 3 | done 49 of 100 | failed 1 | on hold 30 | 138 answers/s | not 200: 2 | 1.5 s late',
    );
  });

  it('leaves out what did not happen', () => {
    expect(describeProgress({ ...summary, notOk: 0, lateMs: 3 })).toMatch(/answers\/s$/);
  });

  it('ends with a summary', () => {
    expect(describeSummary(summary)).toBe(
      `stopped: 49 of 100 machines done after 01:05 (10.8 h for them)
attempts: 70 started, 49 rebooted into the update, 1 failed, 0 rolled back
versions: 51 1000.0.0, 49 2000.0.0
answers: 9000 (138 per second), by HTTP status: 2 of none, 8998 of 200
time to an answer: 1.2 ms in the middle, 12.3 ms for the slowest hundredth
on hold: 20 rate-limited, 10 not-in-wave`,
    );
  });
});
