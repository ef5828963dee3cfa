// A policy that is started before what it stands on: it waits, says for what, to the log and to whoever probes it, and serves
// as soon as all is there.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, type RunningServer, startNats, startPostgres } from '@platte/backing';
import { type HealthReport, isReadyMessage } from '@platte/service';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from './platform.js';
import { repositoryRoot } from './repository.js';

let folder: string;
const running: { stop(): Promise<unknown> }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platte-start-'));
});

afterEach(async () => {
  for (const one of running.splice(0).toReversed()) await one.stop();
  await rm(folder, { recursive: true, force: true });
});

const place = (name: string, port = 0) => ({ dataDir: join(folder, name), cacheDir: cacheFolder(), port });
const nats = (port?: number) => startNats({ ...place('nats', port), auth: 'none' });
const postgres = (port?: number) => startPostgres(place('postgres', port));

/** Where it will be: started once, so that its port and password are known. */
async function prepare(start: () => Promise<RunningServer>): Promise<{ url: string; port: number }> {
  const server = await start();
  await server.stop();
  return { url: server.url, port: server.port };
}

async function start(server: Promise<RunningServer>): Promise<void> {
  running.push(await server);
}

interface Started {
  child: ChildProcess;
  output: () => string;
  exited: Promise<unknown[]>;
}

const startPolicy = (settings: Record<string, string>): Started => startProgram('policy', settings);

function startProgram(program: string, settings: Record<string, string>): Started {
  const child = fork(join(repositoryRoot(), 'apps', program, 'dist/main.js'), [], {
    env: { ...process.env, PLATTE_DATA_DIR: join(folder, program), ...settings },
    execArgv: [],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exited = once(child, 'exit');
  running.push({ stop: () => (child.kill('SIGTERM'), exited) });
  return { child, output: () => output, exited };
}

/** Its answer to a probe, and what it says of one dependency. */
async function probe(port: number, name: string): Promise<[status: number, detail: string | undefined]> {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`);
  const { dependencies } = (await response.json()) as HealthReport;
  return [response.status, dependencies.find((one) => one.name === name)?.detail];
}

it('waits for PostgreSQL, then for NATS, says so all the while, and then serves', async () => {
  const [database, messages, own] = [await prepare(postgres), await prepare(nats), await prepare(nats)];
  const { child, output } = startPolicy({
    PLATTE_POSTGRES_URL: database.url,
    PLATTE_NATS_URL: messages.url,
    PLATTE_INTERNAL_PORT: String(own.port),
  });
  const ready = once(child, 'message');
  const says = (line: string) =>
    eventually(
      async () => output(),
      (said) => said.includes(line),
    );

  await says(`waiting for PostgreSQL at 127.0.0.1:${database.port}`);
  const [unready, detail] = await probe(own.port, 'postgres');
  expect(unready).toBe(503);
  expect(detail).toContain(`waiting for PostgreSQL at 127.0.0.1:${database.port}`);

  await start(postgres(database.port));
  await says(`waiting for NATS at ${messages.url}`);
  expect(await probe(own.port, 'nats')).toEqual([503, expect.stringContaining(`waiting for NATS at ${messages.url}`)]);

  await start(nats(messages.port));
  const [message] = await ready;
  expect(isReadyMessage(message)).toBe(true);
  expect((await probe(own.port, 'postgres'))[0]).toBe(200);
  expect(output()).not.toContain(new URL(database.url).password);
});

it.each(['policy', 'analytics', 'api', 'ingress'])(
  '%s that is told to stop while it waits for NATS stops: with 0, and without an error',
  async (program) => {
    const [database, messages] = [await prepare(postgres), await prepare(nats)];
    await start(postgres(database.port));
    const { child, output, exited } = startProgram(program, {
      PLATTE_POSTGRES_URL: database.url,
      PLATTE_NATS_URL: messages.url,
      PLATTE_CLICKHOUSE_URL: 'http://127.0.0.1:1',
      PLATTE_PORT: '0',
      PLATTE_API_PORT: '0',
    });
    await eventually(
      async () => output(),
      (said) => said.includes('waiting for NATS'),
    );
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    expect(output()).not.toMatch(/"level":"(error|fatal)"/);
    expect(output()).toContain('"message":"stopped"');
  },
);

it.each(['policy', 'analytics', 'api', 'ingress'])(
  '%s whose streams NATS has no room for says so in one line, and ends with 78',
  async (program) => {
    const database = await prepare(postgres);
    await start(postgres(database.port));
    const messages = await startNats({ ...place('nats'), auth: 'none', fileStoreBytesMax: 2 ** 30 });
    running.push(messages);
    const { output, exited } = startProgram(program, {
      PLATTE_POSTGRES_URL: database.url,
      PLATTE_NATS_URL: messages.url,
      PLATTE_CLICKHOUSE_URL: 'http://127.0.0.1:1',
      PLATTE_PORT: '0',
      PLATTE_API_PORT: '0',
    });
    expect(await exited).toEqual([78, null]);
    const fatal = output()
      .split('\n')
      .filter((line) => line.includes('"level":"fatal"'));
    expect(fatal).toHaveLength(1);
    expect(fatal[0]).toContain(
      '"message":"NATS has too little storage left: give the server more (max_file_store), or stream FACTS less: it asks for 10737418240 bytes"',
    );
  },
);
