import { expect, test } from 'vitest';
import { toProgramEnv } from './program-env.js';

test('settings of behaviour go on to the programs, those of another installation do not', () => {
  const passed = {
    PATH: '/bin',
    PLATTE_LOG_LEVEL: 'debug',
    PLATTE_TEST_MODE: 'true',
    PLATTE_OIDC_ISSUER: 'https://id.example',
    PLATTE_API_LISTEN: '0.0.0.0',
    PLATTE_FACTS_KEPT: '7d',
    PLATTE_POSTGRES_POOL_MAX: '20',
  };
  const wiring = {
    PLATTE_NATS_URL: 'nats://production:4222',
    PLATTE_NATS_REPLICAS: '3',
    PLATTE_POSTGRES_URL: 'postgres://production/platte',
    PLATTE_POSTGRES_URL_FILE: '/run/secrets/url',
    PLATTE_CLICKHOUSE_CLUSTER: 'platte',
    PLATTE_CLICKHOUSE_DATABASE: 'production',
    PLATTE_INTERNAL_LISTEN: '0.0.0.0',
    PLATTE_DATA_DIR: '/var/lib/platte',
    PLATTE_LISTEN: '0.0.0.0',
    PLATTE_BOOTSTRAP_TOKEN: 'plt_x',
    PLATTE_EXAMPLE_PACKAGES: 'true',
  };
  const others = {
    PLATTE_PORT: '9000',
    PLATTE_FACTS_MAX: '1GiB',
    PLATTE_SERVER: 'https://production',
    PLATTE_TOKEN: 'plt_y',
    PLATTE_TEST_NATS_URL: 'nats://127.0.0.1:4222',
  };
  const { env, ignored } = toProgramEnv({ ...passed, ...wiring, ...others, PLATTE_NATS_USER: '' });
  expect(env).toEqual(passed);
  expect(ignored).toEqual(Object.keys(wiring).toSorted());
});
