// PostgreSQL fails over while two replicas of policy decide: the primary's connections fall silent and stay open, its standby
// is promoted, and a proxy leads new connections there. Grants go on by themselves, and the limit holds exactly.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, type RunningServer, startNats } from '@platte/backing';
import { connectNats, type NatsConnection, readFacts } from '@platte/fact-log';
import { type AskedMachine, decideSubject, decideTimeoutMs, parseDecisions, renderQuestion } from '@platte/rollout';
import { isReadyMessage, type ReadyMessage } from '@platte/service';
import { closeStore, openStore, recountLedger } from '@platte/state-store';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Link, openLink } from '../chaos/link.js';
import { repositoryRoot } from '../journeys/repository.js';
import { type Fleet, makeFleet } from './fleet.js';
import { type ReplicatedPostgres, startReplicatedPostgres } from './standby.js';

const limit = 300;
const machines = 500;
const batchSize = 8;

let folder: string;
let postgres: ReplicatedPostgres;
let natsServer: RunningServer;
let nats: NatsConnection;
let link: Link;
let port: number;
let replicas: Replica[];

interface Replica {
  child: ChildProcess;
  urls: ReadyMessage['urls'];
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platte-fail-over-'));
  postgres = await startReplicatedPostgres(folder);
  natsServer = await startNats({ dataDir: join(folder, 'nats'), cacheDir: cacheFolder(), auth: 'none' });
  nats = await connectNats({ url: natsServer.url, name: 'test', say: () => {} });
  port = postgres.primary.port;
  link = await openLink('postgres', () => port);
  replicas = await Promise.all([1, 2].map(startPolicy));
});

afterEach(async () => {
  await Promise.all(replicas.map(({ child }) => end(child)));
  await nats.close();
  await link.close();
  await Promise.all([natsServer.stop(), postgres.stop()]);
  await rm(folder, { recursive: true, force: true });
});

async function startPolicy(number: number): Promise<Replica> {
  const url = new URL(postgres.primary.url);
  url.port = String(link.port);
  const child = fork(join(repositoryRoot(), 'apps/policy/dist/main.js'), [], {
    execArgv: [],
    env: {
      ...process.env,
      PLATTE_INTERNAL_PORT: '0',
      PLATTE_NATS_URL: natsServer.url,
      PLATTE_POSTGRES_URL: url.href,
      PLATTE_DATA_DIR: join(folder, `policy-${number}`),
      PLATTE_LOG_LEVEL: 'silent',
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [message] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
  if (!isReadyMessage(message)) throw new Error('policy ended before it served');
  return { child, urls: message.urls };
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

/** What each machine was told last; a machine without an answer asks again. */
function makeDemand(fleet: Fleet) {
  const waiting = fleet.ask(machines);
  const told = new Map<string, string>();
  const listeners: (() => void)[] = [];

  async function askOnce(batch: AskedMachine[]): Promise<void> {
    const reply = await nats
      .request(decideSubject, renderQuestion(batch), { timeout: decideTimeoutMs })
      .catch(() => null);
    const decisions = reply === null ? [] : parseDecisions(reply.string(), batch.length).decisions;
    for (const [index, machine] of batch.entries()) {
      const reason = decisions[index]?.answer.reason ?? 'policy-unavailable';
      if (reason === 'policy-unavailable') waiting.push(machine);
      else told.set(machine.machine, reason);
    }
    listeners.forEach((listener) => listener());
  }
  async function askAll(): Promise<void> {
    while (waiting.length > 0) await askOnce(waiting.splice(0, batchSize));
  }
  const granted = (): number => [...told.values()].filter((reason) => /^(granted|re-offered)$/.test(reason)).length;
  return {
    told,
    granted,
    askAll: () => Promise.all([1, 2, 3].map(askAll)),
    async untilGranted(count: number): Promise<void> {
      const reached = Promise.withResolvers<void>();
      listeners.push(() => granted() >= count && reached.resolve());
      await reached.promise;
    },
  };
}

it('grants go on after a silent fail-over, and never pass the limit', async () => {
  const before = openStore({ url: postgres.primary.url });
  const fleet = await makeFleet(before, {
    rateLimit: { max: limit, periodMs: 3_600_000 },
    concurrencyLimit: machines,
  });
  const demand = makeDemand(fleet);
  const asking = demand.askAll();
  await demand.untilGranted(limit / 3);

  expect(link.freeze()).toBeGreaterThan(0);
  process.kill(postgres.primary.pid, 'SIGKILL');
  await postgres.promote();
  port = postgres.standby.port;
  await asking;

  const counted = [...demand.told.values()].filter((reason) => reason === 'rate-limited').length;
  expect([demand.granted(), counted]).toEqual([limit, machines - limit]);
  const after = openStore({ url: postgres.standby.url });
  expect(await recountLedger(after)).toEqual([]);
  const { rows } = await after.pool.query<{ machine: string }>('select machine from attempt where update_group = $1', [
    fleet.group,
  ]);
  const held = rows.map(({ machine }) => machine);
  expect(held.toSorted()).toEqual(
    [...demand.told].flatMap(([machine, reason]) => (reason === 'rate-limited' ? [] : [machine])).toSorted(),
  );
  expect(await grantNumbers(fleet.group)).toEqual(Array.from({ length: limit }, (_, index) => index + 1));
  await closeStore(before);
  await closeStore(after);
  for (const { urls } of replicas) await expectRecovered(urls['internal']!);
});

/** Of the log, without repetitions. */
async function grantNumbers(group: string): Promise<number[]> {
  const numbers = new Set<number>();
  for await (const { facts } of readFacts(nats, { from: 1 })) {
    for (const fact of facts) if (fact.kind === 'UpdateGranted' && fact.group === group) numbers.add(fact.number);
    if (numbers.size >= limit) return [...numbers].toSorted((a, b) => a - b);
  }
  throw new Error('the log ended');
}

async function expectRecovered(url: string): Promise<void> {
  const report = async (): Promise<string> => (await fetch(new URL('/readyz', url))).text();
  await expect.poll(report, { timeout: 60_000 }).toContain('"ready": true');
  const destroyed = /platte_postgres_destroyed_connections_total\{.*\} (\d+)/.exec(
    await (await fetch(new URL('/metrics', url))).text(),
  );
  expect(Number(destroyed?.[1])).toBeGreaterThan(0);
}
