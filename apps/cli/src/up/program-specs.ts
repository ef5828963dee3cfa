// What each program is told on one machine. The same variables configure it anywhere (docs/reference/settings.md).
import { join } from 'node:path';
import type { DiskPlan } from './disk-plan.js';
import type { Ports } from './ports.js';
import type { ProgramSpec } from './program.js';
import type { Secrets } from './secrets.js';
import type { Servers } from './servers.js';

interface Wiring {
  dataDir: string;
  servers: Servers;
  secrets: Secrets;
  ports: Ports;
  /** Where machines reach the Omaha port. */
  host: string;
  examples: boolean;
  plan: DiskPlan;
}

export function programSpecs(wiring: Wiring): Record<ProgramSpec['name'], ProgramSpec> {
  const { servers, secrets, ports, host, examples, dataDir, plan } = wiring;
  const nats = { ...natsEnv(servers), PLATTE_FACTS_MAX: `${plan.factsBytes}B` };
  const postgres = { PLATTE_POSTGRES_URL: servers.postgres.now.url };
  const clickhouse = clickhouseEnv(servers);
  const own = (name: string): Record<string, string> => ({
    PLATTE_INTERNAL_PORT: '0',
    PLATTE_DATA_DIR: join(dataDir, name),
  });
  return {
    policy: {
      name: 'policy',
      env: { ...nats, ...postgres, ...own('policy'), PLATTE_EXAMPLE_PACKAGES: String(examples) },
    },
    analytics: { name: 'analytics', env: { ...nats, ...postgres, ...clickhouse, ...own('analytics') } },
    api: {
      name: 'api',
      env: {
        ...nats,
        ...postgres,
        ...clickhouse,
        ...own('api'),
        PLATTE_API_PORT: String(ports.api),
        PLATTE_BOOTSTRAP_TOKEN: secrets.adminToken,
      },
    },
    ingress: {
      name: 'ingress',
      env: {
        ...nats,
        ...own('ingress'),
        PLATTE_LISTEN: host,
        PLATTE_PORT: String(ports.omaha),
        PLATTE_SPOOL_MAX: `${plan.spoolBytes}B`,
      },
    },
  };
}

function natsEnv({ nats: { now: nats } }: Servers): Record<string, string> {
  return { PLATTE_NATS_URL: nats.url, PLATTE_NATS_USER: nats.user, PLATTE_NATS_PASSWORD: nats.password };
}

function clickhouseEnv({ clickhouse: { now: clickhouse } }: Servers): Record<string, string> {
  return {
    PLATTE_CLICKHOUSE_URL: clickhouse.url,
    PLATTE_CLICKHOUSE_USER: clickhouse.user,
    PLATTE_CLICKHOUSE_PASSWORD: clickhouse.password,
  };
}
