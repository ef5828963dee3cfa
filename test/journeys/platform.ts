// The whole platform as real processes, on free ports and a folder of its own, for journeys and measurements.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, makeClient } from '@platte/api-contract';
import { repositoryRoot } from './repository.js';

/** What run.json says; see apps/cli/src/up/run-file.ts. */
export interface Run {
  pid: number;
  urls: { omaha: string; api: string; sql: string };
  token: string;
  sql: { user: string; password: string; database: string };
  programs: Record<string, { pid: number; urls: Record<string, string> }>;
  servers: Record<string, { pid: number; url: string; password: string }>;
}

export interface Platform {
  dataDir: string;
  /** Read anew at each call: a program that was started again has another pid. */
  run(): Promise<Run>;
  /** GET on the API with the admin's token. Throws with status and body when the answer is no 2xx. */
  get<T>(path: string): Promise<T>;
  /** The API as functions, with the admin's token. */
  client: Client;
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** POSTs a body to the Omaha endpoint. */
  checkIn(body: string): Promise<{ status: number; text: string }>;
  /** Stops it as Ctrl-C does; the folder stays unless it was made here. */
  stop(): Promise<void>;
  /** Everything `up` has said. */
  output(): string;
}

interface Options {
  /** Of an earlier start: kept at stop(). Without it, a temporary folder that stop() removes. */
  dataDir?: string;
  args?: string[];
  env?: Record<string, string>;
}

export async function startPlatform({ dataDir, args = [], env = {} }: Options = {}): Promise<Platform> {
  const folder = dataDir ?? (await mkdtemp(join(tmpdir(), 'platte-up-')));
  const child = spawn(
    process.execPath,
    [join(repositoryRoot(), 'apps/cli/dist/main.js'), 'up', '--data', folder, ...args],
    {
      env: { ...process.env, PLATTE_PORT: '0', PLATTE_API_PORT: '0', PLATTE_SQL_PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  const exited = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
  const isUp = new Promise<void>((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      output += chunk.toString();
      if (output.includes('Platte is up.')) resolve();
    };
    child.stdout.on('data', onData);
    child.stderr.on('data', onData);
    void exited.then((code) => reject(new Error(`up ended with code ${code}:\n${output}`)));
  });
  await isUp;

  const run = async (): Promise<Run> => JSON.parse(await readFile(join(folder, 'run.json'), 'utf8')) as Run;
  const { urls, token } = await run();

  async function request(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return await fetch(urls.api + path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  return {
    dataDir: folder,
    run,
    client: makeClient({ url: urls.api, token }),
    request,
    output: () => output,
    async get<T>(path: string): Promise<T> {
      const response = await request('GET', path);
      if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as T;
    },
    async checkIn(body) {
      const response = await fetch(urls.omaha, {
        method: 'POST',
        headers: { 'content-type': 'text/xml' },
        body,
      });
      return { status: response.status, text: await response.text() };
    },
    async stop() {
      // It may be gone already: killed by its test, or stopped before.
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT');
      await exited;
      if (dataDir === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Only ends a test that hangs: a busy machine may take its time. */
const hangsAfterMs = 120_000;

/**
 * Asks until the answer is right: for what becomes true soon, without a fixed sleep.
 *
 * @throws the last answer or error when it does not become right in `withinMs`
 */
export async function eventually<T>(
  ask: () => Promise<T>,
  isRight: (answer: T) => boolean,
  withinMs = hangsAfterMs,
): Promise<T> {
  const end = Date.now() + withinMs;
  for (;;) {
    const last = await ask().then(
      (answer) => ({ answer }),
      (failed: unknown) => ({ failed }),
    );
    if ('answer' in last && isRight(last.answer)) return last.answer;
    if (Date.now() > end)
      throw new Error(
        `not so within ${withinMs} ms; the last: ${JSON.stringify(last, null, 2)}`,
        'failed' in last ? { cause: last.failed } : {},
      );
    await pause(50);
  }
}

/** Between two questions, so that asking does not take the machine from who must answer. */
function pause(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(() => resolve(), ms);
  return promise;
}
