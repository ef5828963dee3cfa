// Limits hold: 4 processes with 32 connections, random batches, processes killed at random. The same measurement catches a
// program that reads and then writes without a lock.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fact } from '@platte/facts';
import { rolldown } from 'rolldown';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import type { WorkerJob } from '../test/exact-limits-worker.js';
import { type FreshDatabase, makeFreshDatabase } from './fresh-database.js';
import { relayOutbox } from './outbox.js';
import { makeSampleFleet } from '../test/sample-fleet.js';
import { closeStore, openStore, type Store } from './store.js';

const processes = 4;
const connections = 8;
/** Starting a process costs a good part of a second of one core. */
const killEveryMs = 1500;
const windows = 2;

let database: FreshDatabase;
let store: Store;
let folder: string;
let worker: string;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  database = await makeFreshDatabase(inject('postgresUrl'));
  store = openStore({ url: database.url });
  // Where the bundle finds PostgreSQL's driver.
  folder = await mkdtemp(join(import.meta.dirname, '..', '..', '..', 'node_modules', '.exact-limits-'));
  worker = join(folder, 'worker.mjs');
  const bundle = await rolldown({
    input: join(import.meta.dirname, '..', 'test', 'exact-limits-worker.ts'),
    platform: 'node',
    external: ['pg', 'node-pg-migrate'],
    resolve: { conditionNames: ['@platte/source', 'import', 'node', 'default'] },
  });
  await bundle.write({ file: worker, format: 'esm' });
  await bundle.close();
});

afterEach(() => Promise.all([...running].map(kill)));

afterAll(async () => {
  await closeStore(store);
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

async function start(job: WorkerJob): Promise<void> {
  const child = fork(worker, [JSON.stringify(job)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  running.add(child);
  await once(child, 'message');
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  running.delete(child);
}

/** Runs the workers and kills one of them after another. Resolves when none is left. */
async function attack(job: WorkerJob, forMs: number): Promise<void> {
  await Promise.all(Array.from({ length: processes }, () => start(job)));
  const end = Date.now() + forMs;
  while (Date.now() < end) {
    await delay(killEveryMs);
    const [victim] = running;
    if (victim === undefined || victim.exitCode !== null)
      throw new Error('a worker ended by itself: its error is above');
    await Promise.all([kill(victim), start(job)]);
  }
  await Promise.all([...running].map(kill));
}

interface Batch {
  at: number;
  n: number;
}

async function readBatches(table: string): Promise<Batch[]> {
  const { rows } = await store.pool.query<Batch>(`select granted_at as at, n from ${table} order by granted_at`);
  return rows;
}

/** The largest number of grants in any window of so many ms. */
function largestWindow(batches: readonly Batch[], periodMs: number): number {
  let largest = 0;
  let inWindow = 0;
  let oldest = 0;
  for (const { at, n } of batches) {
    inWindow += n;
    for (let first = batches[oldest]; first !== undefined && first.at <= at - periodMs; first = batches[++oldest])
      inWindow -= first.n;
    largest = Math.max(largest, inWindow);
  }
  return largest;
}

/** How soon each slot of the window is used again after it frees: 1 is at once, on average over all of them. */
function usedShare(batches: readonly Batch[], limit: number, periodMs: number): number {
  const times = batches.flatMap(({ at, n }) => Array<number>(n).fill(at));
  const shares = times.slice(limit).map((at, index) => periodMs / (at - (times[index] ?? 0)));
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

async function toJob(mode: WorkerJob['mode'], limit: number, periodMs: number, slots: number): Promise<WorkerJob> {
  const fleet = await makeSampleFleet(store, { rateLimit: { max: limit, periodMs }, concurrencyLimit: slots });
  return { url: database.url, mode, connections, application: fleet.application, group: fleet.group, limit, periodMs };
}

describe('a rate limit of 500 in 15 seconds', () => {
  const limit = 500;
  // What a decision takes must be small against it, or the time between two of them would look like unused budget.
  const periodMs = 15_000;

  it('is never passed and used to 99 %, by 4 processes with 32 connections that are killed at random', async () => {
    const job = await toJob('rate', limit, periodMs, 1_000_000);
    await store.pool.query('truncate outbox');
    await attack(job, windows * periodMs + 2000);
    const batches = await readBatches('grant_log');
    expect(largestWindow(batches, periodMs)).toBe(limit);

    expect(usedShare(batches, limit, periodMs)).toBeGreaterThanOrEqual(0.99);
    const granted = batches.reduce((sum, { n }) => sum + n, 0);
    expect(granted).toBeGreaterThan((windows - 1) * limit);
    await expectOneBook(job, granted);
  });

  it('is passed by a program that reads and then writes: the measurement can see it', async () => {
    await store.pool.query('create table naive_grant (granted_at bigint not null, n integer not null)');
    await attack(await toJob('naive', limit, periodMs, 1), 4000);
    expect(largestWindow(await readBatches('naive_grant'), periodMs)).toBeGreaterThan(limit);
  });
});

it('never has more leases open than the concurrency limit, while slots free all the time', async () => {
  const slots = 200;
  const job = await toJob('slots', 1_000_000, 3_600_000, slots);
  await store.pool.query(
    `alter table grant_counter add constraint proof check (open_leases <= ${slots} or update_group <> '${job.group}')`,
  );
  await attack(job, 8000);
  const { rows } = await store.pool.query<{ seq: number; open: number; leased: number }>(
    `select seq, open_leases as open, (select count(*) from attempt where update_group = $1 and stage = 'leased') as leased
     from grant_counter where update_group = $1`,
    [job.group],
  );
  expect(rows[0]?.open).toBe(rows[0]?.leased);
  expect(rows[0]?.seq).toBeGreaterThan(2 * slots);
});

/** Counter, log, attempts and facts say the same: nothing was granted twice, or lost, when processes died. */
async function expectOneBook({ group }: WorkerJob, granted: number): Promise<void> {
  const { rows } = await store.pool.query<Record<string, number>>(
    `select c.seq, c.open_leases as leases, (select count(*) from attempt a where a.update_group = c.update_group) as attempts
     from grant_counter c where c.update_group = $1`,
    [group],
  );
  expect(rows[0]).toEqual({ seq: granted, leases: granted, attempts: granted });
  const facts: Fact[] = [];
  await relayOutbox(store, async (batch) => void facts.push(...batch));
  const numbers = facts.flatMap((fact) => (fact.kind === 'UpdateGranted' ? [fact.number] : []));
  expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: granted }, (_, index) => index + 1));
}
