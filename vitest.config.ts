// Kinds of test, told apart by file name: `x.spec.ts` (pure or in-process), `x.int.spec.ts` (real servers),
// `x.journey.spec.ts` (the whole platform as real processes) and `x.cluster.spec.ts` (on three nats-servers). Servers are
// started once for a run: tools/test-servers.ts, test/cluster/setup.ts. What each kind needs: apps/cli/src/tasks/test-kinds.ts.
import { defineConfig } from 'vitest/config';

const conditions = ['@platte/source'];
const everywhere = ['apps/*/src/**', 'libs/*/src/**', 'test/**', 'tools/**'];
const files = (kind: string) => everywhere.map((place) => `${place}/*${kind}.ts`);
const resolution = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
};

export default defineConfig({
  test: {
    projects: [
      {
        ...resolution,
        test: {
          name: 'unit',
          include: files('.spec'),
          exclude: ['.int.spec', '.journey.spec', '.cluster.spec'].flatMap(files),
          pool: 'threads',
          restoreMocks: true,
          // A functional test has no time limit of its own: this only ends a test that hangs.
          testTimeout: 120_000,
        },
      },
      {
        ...resolution,
        test: {
          name: 'integration',
          include: files('.int.spec'),
          globalSetup: ['tools/test-servers.ts'],
          pool: 'forks',
          restoreMocks: true,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        ...resolution,
        test: {
          name: 'journeys',
          include: files('.journey.spec'),
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        ...resolution,
        test: {
          name: 'cluster',
          // The log's own tests once more: a cluster answers in another order than a single server.
          include: [...files('.cluster.spec'), 'test/log/*.int.spec.ts'],
          globalSetup: ['test/cluster/setup.ts'],
          pool: 'forks',
          fileParallelism: false,
          // After the other kinds: elections take long on a machine that is busy.
          sequence: { groupOrder: 1 },
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
