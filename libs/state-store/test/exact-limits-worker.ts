// One process of the proof that limits hold: grants random batches of fresh machines on several connections, as fast as it
// can, until it is killed. Modes: `rate` decides as policy does; `naive` is the control, which reads a count and then
// inserts, as a program without a lock would; `slots` also ends attempts at random, so that slots free all the time.
import assert from 'node:assert';
import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from '@platte/facts';
import type { AskedMachine } from '@platte/rollout';
import { foldFacts } from '../src/fold-facts.js';
import { grantBatch } from '../src/grant-batch.js';
import { makeInstanceCache } from '../src/instance-cache.js';
import { drawPositions, makeGrantContext } from './sample-fleet.js';
import { openStore } from '../src/store.js';

export interface WorkerJob {
  url: string;
  mode: 'rate' | 'naive' | 'slots';
  connections: number;
  application: string;
  group: string;
  limit: number;
  periodMs: number;
}

const job: WorkerJob = JSON.parse(process.argv[2] ?? '{}');
const batchMax = 64;
/** Before it asks again after a batch that was refused as a whole: demand stays above the budget, and the machine can breathe. */
const refusedWaitMs = 400;

const store = openStore({ url: job.url, hotMax: job.connections, poolMax: job.connections, hotLockWaitMs: 10_000 });
const context = { ...makeGrantContext(), instances: makeInstanceCache(10_000) };
const draw = drawPositions();

function ask(): AskedMachine {
  const { application: app, group } = job;
  const said = { version: '1.0.0', arch: 'amd64', oem: '', versionPrefix: '' } as const;
  return {
    app,
    group,
    revision: 0,
    machine: randomUUID(),
    ...draw(Date.now()),
    ...said,
    boot: 0,
    onlyOpenLease: false,
    forced: false,
    events: [],
  };
}

async function grantOnce(): Promise<void> {
  const asked = Array.from({ length: randomInt(1, batchMax + 1) }, ask);
  const { decisions } = await grantBatch(store, context, job.group, asked);
  for (const { answer } of decisions) assertFull(answer);
  if (decisions.every(({ answer }) => answer.reason !== 'granted')) await delay(randomInt(refusedWaitMs));
  if (job.mode !== 'slots') return;
  const granted = asked.filter((_, index) => decisions[index]?.answer.reason === 'granted');
  await foldFacts(store, context, granted.map(toFailure));
}

/** Nobody is refused while there is budget: that would be budget that is wanted and not used. */
function assertFull({ reason, inputs }: Answer): void {
  const isRefusal = reason === 'rate-limited' || reason === 'concurrency-limited';
  assert(!isRefusal || inputs.used === inputs.limit, `refused for ${reason} at ${inputs.used} of ${inputs.limit}`);
}

function toFailure({ app, machine, group }: AskedMachine) {
  const said = {
    v: 1,
    app,
    machine,
    ...draw(Date.now() + 1),
    version: '1.0.0',
    group,
    channel: null,
    arch: 'amd64',
    rollout: null,
  } as const;
  return {
    kind: 'EventReported',
    ...said,
    reboots: true,
    oem: '',
    type: 3,
    result: 0,
    errorCode: '9',
    previousVersion: '',
    bootId: '',
  } as const;
}

/** Without a lock between reading and writing. */
async function grantNaively(): Promise<void> {
  const { rows } = await store.pool.query<{ free: number; now: number }>(
    `select $1 - coalesce(sum(n), 0)::int as free, floor(extract(epoch from clock_timestamp()) * 1000)::bigint as now from naive_grant
     where granted_at > floor(extract(epoch from clock_timestamp()) * 1000)::bigint - $2`,
    [job.limit, job.periodMs],
  );
  const { free = 0, now = 0 } = rows[0] ?? {};
  const n = Math.min(free, randomInt(1, batchMax + 1));
  if (n > 0) await store.pool.query('insert into naive_grant (granted_at, n) values ($1, $2)', [now, n]);
}

async function work(): Promise<never> {
  for (;;) await (job.mode === 'naive' ? grantNaively() : grantOnce());
}

process.send?.('ready');
await Promise.all(Array.from({ length: job.connections }, work));
