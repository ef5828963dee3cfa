// Three kinds of test, told apart by file name: `x.spec.ts` (pure or in-process), `x.int.spec.ts` (real servers) and
// `x.journey.spec.ts` (the whole platform as real processes). Servers are started once for a run: tools/test-servers.ts.
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
          exclude: [...files('.int.spec'), ...files('.journey.spec')],
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
    ],
  },
});
