// Every program, with a password in every URL of its settings and nobody, or one server alone, behind them: what it logs, what
// /readyz answers and what the API answers has no password in it.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, findFreePort, type RunningServer, startNats, startPostgres } from '@platte/backing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './platform.js';
import { repositoryRoot } from './repository.js';

const secret = 's3cret-word';
type Program = 'policy' | 'analytics' | 'api' | 'ingress';

let folder: string;
let nobody: number;
let nats: RunningServer;
let postgres: RunningServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platte-credentials-'));
  nobody = await findFreePort('127.0.0.1');
  const place = (name: string) => ({ dataDir: join(folder, name), cacheDir: cacheFolder() });
  [nats, postgres] = await Promise.all([startNats(place('nats')), startPostgres(place('postgres'))]);
});
afterAll(async () => {
  await Promise.all([nats.stop(), postgres.stop()]);
  await rm(folder, { recursive: true, force: true });
});

const away = (scheme: string) => `${scheme}://bob:${secret}@127.0.0.1:${nobody}`;
const settings = (): Record<string, string> => ({
  PLATTE_NATS_URL: `${away('nats')},${away('nats')}`,
  PLATTE_POSTGRES_URL: `${away('postgres')}/platte?password=${secret}`,
  PLATTE_CLICKHOUSE_URL: away('http'),
  PLATTE_OIDC_ISSUER: `${away('http')}/realm`,
  PLATTE_OIDC_CLIENT_ID: 'platte',
  PLATTE_OIDC_CLIENT_SECRET: secret,
  PLATTE_OIDC_ADMINS: 'admins',
  PLATTE_PUBLIC_URL: 'http://127.0.0.1:8080',
  PLATTE_BOOTSTRAP_TOKEN: `plt_abcdefghijkl_${secret}-${secret}`,
  PLATTE_PORT: '0',
  PLATTE_API_PORT: '0',
  PLATTE_LOG_LEVEL: 'debug',
});

interface Started {
  /** All that it has logged. */
  output: () => string;
  internalUrl: string;
  /** Rejects when it ends by itself. */
  ended: Promise<never>;
  stop: () => Promise<void>;
}

async function start(program: Program, env: Record<string, string>): Promise<Started> {
  const internalPort = await findFreePort('127.0.0.1');
  const child = fork(join(repositoryRoot(), 'apps', program, 'dist/main.js'), [], {
    env: { ...process.env, ...settings(), PLATTE_INTERNAL_PORT: String(internalPort), PLATTE_DATA_DIR: folder, ...env },
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exited = once(child, 'exit');
  const ended = exited.then(() => Promise.reject(new Error(`${program} ended:\n${output}`)));
  ended.catch(() => {});
  return {
    ended,
    output: () => output,
    internalUrl: `http://127.0.0.1:${internalPort}`,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** @returns all that people could see of a program that waits, when it has logged every one of the patterns */
async function watch(program: Program, env: Record<string, string>, patterns: RegExp[]): Promise<string> {
  const started = await start(program, env);
  try {
    const hasLogged = eventually(
      async () => started.output(),
      (output) => patterns.every((pattern) => pattern.test(output)),
    );
    await Promise.race([hasLogged, started.ended]);
    const [ready, metrics] = await Promise.all([
      ask(`${started.internalUrl}/readyz`),
      ask(`${started.internalUrl}/metrics`),
    ]);
    const api = /"api":"(http:[^"]*)"/.exec(started.output())?.[1];
    const signIn = api === undefined ? '' : await ask(`${api}/auth/login`);
    return [ready, metrics, signIn, started.output()].join('\n');
  } finally {
    await started.stop();
  }
}

async function ask(url: string): Promise<string> {
  const response = await fetch(url, { redirect: 'manual' });
  return `${response.status} ${response.headers.get('location') ?? ''} ${await response.text()}`;
}

describe('a program shows no password of its settings', () => {
  it.each<[Program, RegExp[]]>([
    ['policy', [/waiting for PostgreSQL at/]],
    ['analytics', [/waiting for NATS at/, /waiting for PostgreSQL/]],
    ['api', [/waiting for NATS at/, /waiting for PostgreSQL/]],
    ['ingress', [/waiting for NATS at/]],
  ])('%s, while all servers are away', async (program, patterns) => {
    expect(await watch(program, {}, patterns)).not.toContain(secret);
  });

  it.each<[Program, RegExp[]]>([
    ['policy', [/waiting for NATS at/]],
    ['api', [/waiting for NATS at/, /a store does not answer/, /"message":"ready"/]],
  ])('%s, while PostgreSQL alone is there', async (program, patterns) => {
    const seen = await watch(program, { PLATTE_POSTGRES_URL: postgres.url }, patterns);
    expect(seen).not.toContain(secret);
    expect(seen).not.toContain(postgres.password);
  });

  it('analytics, while ClickHouse alone is away', async () => {
    const natsUrl = nats.url.replace('://', `://${nats.user}:${nats.password}@`);
    const env = { PLATTE_NATS_URL: natsUrl, PLATTE_POSTGRES_URL: postgres.url };
    const seen = await watch('analytics', env, [/waiting for ClickHouse/]);
    for (const hidden of [secret, nats.password, postgres.password]) expect(seen).not.toContain(hidden);
    expect(seen).toContain(`connected to 127.0.0.1:${nats.port}`);
  });
});
