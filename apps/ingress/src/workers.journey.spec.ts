// Several processes on one port, as real processes from the build: they behave as one.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HealthReport, isReadyMessage, type ReadyMessage } from '@platte/service';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { sampleApp, samplePackage } from './testing/sample-catalog.js';
import { startTrialNats, type TrialNats } from './testing/trial-ingress.js';

let nats: TrialNats;
let dataDir: string;
let primary: ChildProcess;
let ready: ReadyMessage;

beforeAll(async () => {
  nats = await startTrialNats();
  dataDir = await mkdtemp(join(tmpdir(), 'platte-ingress-workers-'));
  primary = fork(new URL('../dist/main.js', import.meta.url), [], {
    // Built code, whatever conditions this test itself runs with.
    execArgv: [],
    env: {
      ...process.env,
      PLATTE_NATS_URL: nats.url,
      PLATTE_PORT: '0',
      PLATTE_INTERNAL_PORT: '0',
      PLATTE_DATA_DIR: dataDir,
      PLATTE_INGRESS_WORKERS: '2',
      PLATTE_LOG_LEVEL: 'silent',
    },
  });
  const [message] = await once(primary, 'message');
  if (!isReadyMessage(message)) throw new Error('no ready message');
  ready = message;
});
afterAll(async () => {
  await nats.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const check = (machine: string) =>
  `<request protocol="3.0"><app appid="${sampleApp}" version="${samplePackage.version}" track="stable" machineid="${machine}"><updatecheck/></app></request>`;
/** Each on a connection of its own, so that the workers share them. */
const post = async (machine: string) => {
  const response = await fetch(ready.urls['omaha'] ?? '', {
    method: 'POST',
    body: check(machine),
    headers: { connection: 'close' },
  });
  return { status: response.status, body: await response.text() };
};
const health = async (): Promise<HealthReport> =>
  JSON.parse(await (await fetch(`${ready.urls['internal']}/readyz`)).text());
const answered = async () =>
  Number(
    /platte_ingress_answers_total\{reason="up-to-date"[^}]*\} (\d+)/.exec(
      await (await fetch(`${ready.urls['internal']}/metrics`)).text(),
    )?.[1],
  );

test('workers share the port, and their metrics and health are told as one', async () => {
  const answers = await Promise.all(Array.from({ length: 100 }, (_, number) => post(`shared-${number}`)));
  expect(answers.every(({ body }) => body.includes('info="up-to-date"'))).toBe(true);
  expect(await answered()).toBe(100);
  const report = await health();
  expect(report).toMatchObject({ ready: true, dependencies: [{ name: 'worker 1' }, { name: 'worker 2' }] });
});

test('facts of different workers have different identities', async () => {
  // The system gives connections to whichever worker is free: it may take some until both had one.
  await vi.waitFor(
    async () => {
      await Promise.all(Array.from({ length: 50 }, (_, number) => post(`busy-${number}`)));
      const facts = await nats.facts();
      expect(new Set(facts.map(({ n }) => Math.floor(n / 2 ** 20))).size).toBe(2);
    },
    { timeout: 20_000 },
  );
  const facts = await nats.facts();
  expect(new Set(facts.map(({ at, n }) => `${at} ${n}`)).size).toBe(facts.length);
});

test('a worker that is killed is started anew, while the other one answers', async () => {
  const victim = Number(/process (\d+)/.exec((await health()).dependencies[0]?.detail ?? '')?.[1]);
  process.kill(victim, 'SIGKILL');
  await vi.waitFor(async () => expect((await post('during')).status).toBe(200), { timeout: 10_000 });
  await vi.waitFor(async () => expect((await health()).ready).toBe(true), { timeout: 20_000 });
});

test('all end in order when the primary is told to stop', async () => {
  primary.kill('SIGTERM');
  const [code] = await once(primary, 'exit');
  expect(code).toBe(0);
  await expect(post('late')).rejects.toThrow('fetch failed');
});
