// One registry per program, with the process's own figures (CPU, memory, event-loop delay, garbage collection) in it.
import assert from 'node:assert';
import { AggregatorRegistry, collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export type { Counter, Gauge, Histogram };

interface Named<L extends string> {
  /** `platte_<area>_<thing>_<unit>`; a counter ends in `_total`. */
  name: `platte_${string}`;
  help: string;
  /** Never an id: routes, reasons, causes. */
  labels?: readonly L[];
}

interface GaugeOptions<L extends string> {
  read?: (gauge: Gauge<L>) => void;
  merge?: 'max' | 'min';
}

export interface Metrics {
  registry: Registry;
  counter: <L extends string = never>(named: Named<L>) => Counter<L>;
  /** `read`, when given, is called at each scrape and sets the gauge. Those of several workers are added up, or merged. */
  gauge: <L extends string = never>(named: Named<L> & GaugeOptions<L>) => Gauge<L>;
  histogram: <L extends string = never>(named: Named<L> & { buckets: number[] }) => Histogram<L>;
}

export function makeMetrics({ program }: { program: string }): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ program });
  collectDefaultMetrics({ register: registry });
  const shared = <L extends string>({ name, help, labels }: Named<L>) => {
    assert(/^platte(_[a-z0-9]+){3,}$/.test(name), `a metric is named platte_<area>_<thing>_<unit>, not ${name}`);
    return { name, help, labelNames: labels ?? [], registers: [registry] };
  };
  return {
    registry,
    counter: (named) => new Counter(shared(named)),
    histogram: (named) => new Histogram({ ...shared(named), buckets: named.buckets }),
    gauge({ read, merge, ...named }) {
      // prom-client calls `collect` with the gauge as `this`.
      return new Gauge({
        ...shared(named),
        ...(merge && { aggregator: merge }),
        ...(read && {
          collect() {
            read(this);
          },
        }),
      });
    },
  };
}

/** In a worker of a cluster: its metrics go to the primary whenever that is asked for them. */
export function shareMetrics(registry: Registry): void {
  AggregatorRegistry.setRegistries([registry]);
  // Making one is what listens for the primary's questions.
  assert(new AggregatorRegistry() instanceof Registry);
}

/** In the primary: the metrics of all workers, counters added up. */
export function collectSharedMetrics(): { contentType: string; metrics: () => Promise<string> } {
  const aggregated = new AggregatorRegistry();
  return { contentType: aggregated.contentType, metrics: () => aggregated.clusterMetrics() };
}
