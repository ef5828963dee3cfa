// Whether PostgreSQL answers, how often it did not, and whether its clock agrees with this machine's: in /readyz, in metrics
// and in the log.
//
//   waiting   before the program has reached it for the first time; `says` gives the reason
//   up, down  from `start`: it is asked every few seconds
//   warning   for a minute after a connection was destroyed because PostgreSQL did not answer on it
import { type ClockDifference, watchClockDifference } from './clock-difference.js';
import type { Chassis } from './chassis.js';
import type { DependencyState } from './health.js';
import { watchStore } from './watch-store.js';

export interface PostgresWatch {
  /** What the program waits for. */
  says: (line: string) => void;
  /** This many connections were destroyed because PostgreSQL did not answer on one of them. */
  noteUnanswered: (connections: number) => void;
  /** Asks it from now on, until the program stops. `readClock`: its clock, in ms since the epoch. */
  start: (readClock: () => Promise<number>) => void;
  clock: ClockDifference;
}

const warnForMs = 60_000;

export function makePostgresWatch(
  program: Pick<Chassis<unknown>, 'log' | 'health' | 'metrics' | 'stopper'>,
  { periodMs }: { periodMs?: number } = {},
): PostgresWatch {
  const { log, health, metrics, stopper } = program;
  let report: { state: DependencyState; detail: string } = { state: 'starting', detail: '' };
  let unanswered: { connections: number; at: number } | undefined;
  const destroyed = metrics.counter({
    name: 'platte_postgres_destroyed_connections_total',
    help: 'Connections to PostgreSQL that were destroyed because it did not answer within 12 seconds.',
  });
  const clock = watchClockDifference('PostgreSQL', program);

  health.probe('postgres', 'required', () => {
    const agoMs = unanswered === undefined ? Number.POSITIVE_INFINITY : performance.now() - unanswered.at;
    if (report.state !== 'up' || agoMs > warnForMs) return report;
    const words = `PostgreSQL answers, but did not ${Math.round(agoMs / 1000)} s ago`;
    return { state: 'warning', detail: `${words}: ${unanswered?.connections} connections were destroyed` };
  });

  return {
    clock,
    says: (line) => void (report = { state: 'down', detail: line }),
    noteUnanswered(connections) {
      destroyed.inc(connections);
      unanswered = { connections, at: performance.now() };
      log.warn(
        { connections },
        'PostgreSQL did not answer in time: its connections were destroyed, new ones are opened',
      );
    },
    start(readClock) {
      const dependency = {
        up: () => void (report = { state: 'up', detail: '' }),
        down: (detail: string) => void (report = { state: 'down', detail }),
      };
      const ping = async (): Promise<void> => {
        const askedAt = Date.now();
        const theirs = await readClock();
        clock.note({ theirs, askedAt, answeredAt: Date.now() });
      };
      dependency.up();
      void watchStore({ name: 'postgres', dependency, ping, periodMs }, log, stopper.signal);
    },
  };
}
