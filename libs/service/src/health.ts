// What a program depends on, and whether it can do its work. Until it says that it serves it is unready, whatever it depends on:
// a program that still waits for its stores has not even named them all. A required dependency that is not up makes it unready;
// a reported one (lag, a neighbour it can do without for a while) is only listed. A warning is up, and wants a person soon.
import { hideCredentials } from './hide-credentials.js';

export type DependencyState = 'starting' | 'up' | 'warning' | 'down';
type Need = 'required' | 'reported';

export interface Dependency {
  up: (detail?: string) => void;
  down: (detail: string) => void;
}

export interface DependencyReport {
  name: string;
  need: Need;
  state: DependencyState;
  /** In words for people: `connected to nats://10.0.0.3:4222`, `1200 batches behind`. URLs have no credentials here. */
  detail: string;
}

export interface HealthReport {
  ready: boolean;
  /** False until the program has started. */
  serving: boolean;
  /** True from the first signal to stop: unready, so that a balancer sends no more. */
  stopping: boolean;
  dependencies: DependencyReport[];
}

export interface Health {
  /** A dependency whose owner tells when it changes. It starts as `starting`. */
  dependency: (name: string, need: Need) => Dependency;
  /** A dependency that is looked at when somebody asks. `read` must be cheap and must not throw. */
  probe(name: string, need: Need, read: () => { state: DependencyState; detail: string }): void;
  report: () => HealthReport;
  /** The program has started. */
  serve: () => void;
  stop: () => void;
}

const isUp = (state: DependencyState): boolean => state === 'up' || state === 'warning';

export function makeHealth(): Health {
  const known = new Map<string, () => DependencyReport>();
  let serving = false;
  let stopping = false;
  return {
    dependency(name, need) {
      let report: DependencyReport = { name, need, state: 'starting', detail: '' };
      known.set(name, () => report);
      return {
        up: (detail = '') => void (report = { name, need, state: 'up', detail }),
        down: (detail) => void (report = { name, need, state: 'down', detail }),
      };
    },
    probe(name, need, read) {
      known.set(name, () => ({ name, need, ...read() }));
    },
    report() {
      const dependencies = [...known.values()].map((read) => {
        const report = read();
        return { ...report, detail: hideCredentials(report.detail) };
      });
      return {
        ready: serving && !stopping && dependencies.every(({ need, state }) => need === 'reported' || isUp(state)),
        serving,
        stopping,
        dependencies,
      };
    },
    serve() {
      serving = true;
    },
    stop() {
      stopping = true;
    },
  };
}
