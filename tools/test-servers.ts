// The servers that integration tests run against, started once for a run: a real nats-server, a real PostgreSQL and
// ClickHouse's engine, on free ports, in a temporary folder that is gone afterwards. Each test makes its own database
// or stream names, so that none depends on another. Servers named by PLATTE_TEST_*_URL are used instead of started ones.
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startClickhouse, startNats, startPostgres } from '../libs/backing/src/backing.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** `nats://127.0.0.1:PORT`, without credentials. */
    natsUrl: string;
    /** A superuser's URL, to make databases with. */
    postgresUrl: string;
    /** With user and password in it: `http://USER:PASSWORD@127.0.0.1:PORT`. */
    clickhouseUrl: string;
  }
}

interface Started {
  url: string;
  stop(): Promise<unknown>;
}

export default async function startTestServers(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'platte-test-'));
  const place = (name: string) => ({ dataDir: join(folder, name), cacheDir: cacheDir(), say: console.error });
  const outcomes = await Promise.allSettled([
    given('PLATTE_TEST_NATS_URL') ?? startNats({ ...place('nats'), auth: 'none' }),
    given('PLATTE_TEST_POSTGRES_URL') ?? startPostgres(place('postgres')),
    given('PLATTE_TEST_CLICKHOUSE_URL') ?? startClickhouse(place('clickhouse')).then(withCredentials),
  ]);
  const stop = async (): Promise<void> => {
    await Promise.all(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.stop() : undefined)));
    await rm(folder, { recursive: true, force: true });
  };
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  const [natsUrl, postgresUrl, clickhouseUrl] = outcomes.map(
    (outcome) => (outcome as PromiseFulfilledResult<Started>).value.url,
  );
  project.provide('natsUrl', natsUrl!);
  project.provide('postgresUrl', postgresUrl!);
  project.provide('clickhouseUrl', clickhouseUrl!);
  return stop;
}

/** A server that somebody else runs, and stops. */
function given(variable: string): Started | undefined {
  const url = process.env[variable];
  return url === undefined || url === '' ? undefined : { url, stop: () => Promise.resolve() };
}

function withCredentials({ url, user, password, stop }: Started & { user: string; password: string }): Started {
  return { url: url.replace('://', `://${user}:${password}@`), stop };
}

function cacheDir(): string {
  return process.env['PLATTE_CACHE_DIR'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'platte');
}
