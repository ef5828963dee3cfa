// The servers that integration tests run against, started once for a run: a real nats-server, a real PostgreSQL and
// ClickHouse's engine, on free ports, in a temporary folder that is gone afterwards. Each test makes its own database
// or stream names, so that none depends on another. Servers named by PLATTE_TEST_*_URL are used instead of started ones.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import {
  cacheFolder,
  type RunningServer,
  startClickhouse,
  startNats,
  startPostgres,
} from '../libs/backing/src/backing.js';

import { pairOfShards } from './pair-of-shards.js';

interface Started {
  url: string;
  stop(): Promise<unknown>;
}

export default async function startTestServers(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'platte-test-'));
  const place = (name: string) => ({ dataDir: join(folder, name), cacheDir: cacheFolder(), say: console.error });
  const started: Started[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((server) => server.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  const start = async (variable: string, start: () => Promise<Started>): Promise<string> => {
    const given = process.env[variable];
    if (given !== undefined && given !== '') return given;
    const server = await start();
    started.push(server);
    return server.url;
  };
  // All are awaited also when one fails, so that none is left behind half started.
  const [nats, postgres, clickhouse] = await Promise.allSettled([
    start('PLATTE_TEST_NATS_URL', () => startNats({ ...place('nats'), auth: 'none' })),
    start('PLATTE_TEST_POSTGRES_URL', () => startPostgres(place('postgres'))),
    start('PLATTE_TEST_CLICKHOUSE_URL', async () =>
      withCredentials(await startClickhouse({ ...place('clickhouse'), engineFiles: await pairOfShards() })),
    ),
  ]);
  if (nats.status === 'fulfilled' && postgres.status === 'fulfilled' && clickhouse.status === 'fulfilled') {
    project.provide('natsUrl', nats.value);
    project.provide('natsAccess', {});
    project.provide('natsReplicas', 1);
    project.provide('postgresUrl', postgres.value);
    project.provide('clickhouseUrl', clickhouse.value);
    return stop;
  }
  await stop();
  const reasons = [nats, postgres, clickhouse].flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  throw new AggregateError(reasons, reasons.map(String).join('\n'));
}

function withCredentials(server: RunningServer): Started {
  const credentials = `${server.user}:${server.password}`;
  return { url: server.url.replace('://', `://${credentials}@`), stop: () => server.stop() };
}
