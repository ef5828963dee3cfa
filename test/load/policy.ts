// `./platte bench policy`: decisions per second against a plain `UPDATE … FROM unnest` of the same batches, and against
// counting a group's machines for each decision, all in one run on one PostgreSQL, in turns, medians of the turns.
import { randomInt, randomUUID } from 'node:crypto';
import type { MachineCheckedIn } from '@platte/facts';
import type { AskedMachine } from '@platte/rollout';
import { findSpent, foldFacts, grantBatch, makeInstanceCache, refuseSpent } from '@platte/state-store';
import { type Bench, type BenchOptions, type BenchRow, median } from './bench.js';
import { type BenchGroup, machineId, type PolicyFleet, startPolicyFleet } from './policy-fleet.js';

const batchSize = 256;
const upsertSize = 1000;

export const policyBench: Bench = {
  name: 'policy',
  about: `batches of ${batchSize} machines drawn at random, one connection, against a plain update of the same machines`,
  measure: measurePolicy,
};

interface Turn {
  update: number;
  small: number;
  large: number;
  refused: number;
  lookedUp: number;
  upserts: number;
  updateOfUpserts: number;
}

export async function measurePolicy({ quick, say }: BenchOptions): Promise<BenchRow[]> {
  const machines = { small: 10_000, large: quick ? 100_000 : 1_000_000 };
  const fleet = await startPolicyFleet(machines, say);
  try {
    const turns: Turn[] = [];
    for (let turn = 0; turn <= (quick ? 1 : 3); turn++) {
      say(turn === 0 ? 'warming up' : `turn ${turn}: update, grants, refusals, upserts`);
      const measured = await measureTurn(fleet, quick || turn === 0 ? 8 : 38);
      if (turn > 0) turns.push(measured);
    }
    say('counting the group for each decision, as one does without a counter');
    const counted = await countingPerSecond(fleet, fleet.large, quick ? 1000 : 5000);
    say('measuring how state is updated in place');
    const hot = await measureHot(fleet, quick ? 10 : 50);
    say('granting on 32 connections under a limit');
    const limit = await measureLimit(fleet, quick ? 6000 : 15_000);
    return toRows(turns, { machines, counted, hot, ...limit });
  } finally {
    await fleet.stop();
  }
}

/** All of one turn: what is compared is measured within seconds of each other. */
async function measureTurn(fleet: PolicyFleet, batches: number): Promise<Turn> {
  const update = await perSecond(batches, batchSize, updateBatches(fleet, fleet.large, batches, batchSize));
  const small = await grantsPerSecond(fleet, fleet.small, batches);
  const large = await grantsPerSecond(fleet, fleet.large, batches);
  const { refused, lookedUp } = await refusalsPerSecond(fleet, fleet.large, batches);
  const upsertBatches = Math.ceil(batches / 4);
  const updateOfUpserts = await perSecond(
    upsertBatches,
    upsertSize,
    updateBatches(fleet, fleet.large, upsertBatches, upsertSize),
  );
  return {
    update,
    small,
    large,
    refused,
    lookedUp,
    upserts: await upsertsPerSecond(fleet, fleet.large, upsertBatches),
    updateOfUpserts,
  };
}

/** Runs the batches one after the other; what prepares a batch is not in its time. */
async function perSecond(batches: number, size: number, runs: Iterable<() => Promise<unknown>>): Promise<number> {
  let elapsedMs = 0;
  for (const run of runs) {
    const begun = performance.now();
    await run();
    elapsedMs += performance.now() - begun;
  }
  return (batches * size * 1000) / elapsedMs;
}

const plainUpdate = `
  update instance i set status = 'granted', status_at = u.at, status_n = u.n
  from unnest($2::text[], $3::bigint[], $4::bigint[]) as u (machine, at, n)
  where i.application = $1 and i.machine = u.machine`;

function* updateBatches({ store, ask }: PolicyFleet, group: BenchGroup, batches: number, size: number) {
  for (let batch = 0; batch < batches; batch++) {
    const asked = ask(group, size);
    const values = [
      group.application,
      asked.map(({ machine }) => machine),
      asked.map(({ at }) => at),
      asked.map(({ n }) => n),
    ];
    yield () => store.hot.query({ name: 'plain-update', text: plainUpdate, values });
  }
}

async function grantsPerSecond(fleet: PolicyFleet, group: BenchGroup, batches: number): Promise<number> {
  await fleet.forget(group);
  const asked = fleet.ask(group, batches * batchSize);
  return perSecond(batches, batchSize, grantBatches(fleet, group, asked));
}

function* grantBatches({ store, context }: PolicyFleet, group: BenchGroup, asked: AskedMachine[]) {
  for (let from = 0; from < asked.length; from += batchSize) {
    const batch = asked.slice(from, from + batchSize);
    yield async () => {
      const { decisions } = await grantBatch(store, context, group.id, batch);
      const missing = decisions.find(({ answer }) => answer.reason !== 'granted');
      if (missing !== undefined) throw new Error(`a machine was not granted, but ${missing.answer.reason}`);
    };
  }
}

/** A spent limit: machines without a lease, refused under the lock, and looked up without it. */
async function refusalsPerSecond(
  fleet: PolicyFleet,
  group: BenchGroup,
  batches: number,
): Promise<{ refused: number; lookedUp: number }> {
  const { store, context, ask } = fleet;
  await fleet.forget(group);
  await fleet.setPolicy(group, { concurrencyLimit: 1 });
  const { after } = await grantBatch(store, context, group.id, ask(group, 2));
  const spent = after && findSpent(after.group, after.ledger);
  if (!after || !spent) throw new Error('the limit of 1 is not spent after a grant');
  const asked = () => Array.from({ length: batches }, () => ask(group, batchSize));
  const refused = await perSecond(
    batches,
    batchSize,
    asked().map((batch) => () => grantBatch(store, context, group.id, batch)),
  );
  const lookedUp = await perSecond(
    batches,
    batchSize,
    asked().map((batch) => async () => {
      if ((await refuseSpent(store, after.group, spent, batch, spent.until - 1)) === null)
        throw new Error('the budget is not spent');
    }),
  );
  await fleet.setPolicy(group, { concurrencyLimit: null });
  return { refused, lookedUp };
}

/** Check-ins that change a row each, folded as they come from the log. */
async function upsertsPerSecond(
  { store, context, ask }: PolicyFleet,
  group: BenchGroup,
  batches: number,
): Promise<number> {
  const instances = makeInstanceCache(group.machines);
  const facts = Array.from({ length: batches }, () => ask(group, upsertSize).map(toCheckIn));
  return perSecond(
    batches,
    upsertSize,
    facts.map((batch) => () => foldFacts(store, { ...context, instances }, batch)),
  );
}

function toCheckIn({ app, machine, at, n, group }: AskedMachine): MachineCheckedIn {
  const said = {
    version: '1.0.0',
    channel: null,
    arch: 'amd64',
    rollout: null,
    reboots: true,
    oem: '',
    track: 'stable',
  } as const;
  const alias = String(randomInt(2 ** 32));
  const rest = {
    ip: '10.0.0.2',
    alias,
    oemVersion: '',
    aleph: '',
    bootId: '',
    ping: true,
    heartbeat: false,
    source: '',
  } as const;
  return { kind: 'MachineCheckedIn', v: 1, app, machine, at, n, group, ...said, ...rest };
}

const countGroup = `
  select count(*) filter (where status = 'granted' and status_at > $2) as granted, count(*) filter (where status = 'installed') as installed
  from instance where application = $1 and update_group = $3`;
const grantOne = `update instance set status = 'granted', status_at = $3 where application = $1 and machine = $2`;

async function countingPerSecond({ store, ask }: PolicyFleet, group: BenchGroup, forMs: number): Promise<number> {
  const begun = performance.now();
  let grants = 0;
  while (performance.now() - begun < forMs || grants === 0) {
    const [asked] = ask(group, 1);
    await store.pool.query(countGroup, [group.application, Date.now() - 3_600_000, group.id]);
    await store.pool.query(grantOne, [group.application, asked?.machine, Date.now()]);
    grants += 1;
  }
  return (grants * 1000) / (performance.now() - begun);
}

const readUpdates = `select n_tup_upd as updates, n_tup_hot_upd as hot from pg_stat_user_tables where relname = 'instance'`;

/** The share of updates that touched no index. Statistics arrive when a session is idle: they are waited for. */
async function measureHot(fleet: PolicyFleet, batches: number): Promise<number> {
  const { store } = fleet;
  const read = async () =>
    (await store.pool.query<{ updates: number; hot: number }>(readUpdates)).rows[0] ?? { updates: 0, hot: 0 };
  const before = await read();
  await upsertsPerSecond(fleet, fleet.large, batches);
  const deadline = Date.now() + 20_000;
  for (;;) {
    await store.hot.query('select pg_stat_force_next_flush()');
    const after = await read();
    const updates = after.updates - before.updates;
    if (updates >= 0.95 * batches * upsertSize || Date.now() > deadline)
      return updates === 0 ? Number.NaN : (after.hot - before.hot) / updates;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

interface Limit {
  /** Grants beyond the limit, in the fullest window. */
  violations: number;
  /** How soon each slot of the window was used again: 1 is at once. */
  usedShare: number;
}

async function measureLimit({ store, context, small, setPolicy }: PolicyFleet, forMs: number): Promise<Limit> {
  const limit = 500;
  const periodMs = Math.floor(forMs / 3);
  await setPolicy(small, { rateLimit: { max: limit, periodMs }, concurrencyLimit: 1_000_000 });
  await store.pool.query('delete from grant_log');
  const end = Date.now() + forMs;
  const askFresh = () => ({ ...toAsked(small), machine: randomUUID() });
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      while (Date.now() < end) {
        const { decisions } = await grantBatch(
          store,
          context,
          small.id,
          Array.from({ length: randomInt(1, 65) }, askFresh),
        );
        const isRefused = decisions.every(({ answer }) => answer.reason !== 'granted');
        if (isRefused) await new Promise((resolve) => setTimeout(resolve, randomInt(200)));
      }
    }),
  );
  const { rows } = await store.pool.query<{ at: number; n: number }>(
    'select granted_at as at, n from grant_log order by granted_at, seq_to',
  );
  const times = rows.flatMap(({ at, n }) => Array<number>(n).fill(at));
  const gaps = times.slice(limit).map((at, index) => at - (times[index] ?? 0));
  const early = gaps.filter((gap) => gap < periodMs).length;
  return { violations: early, usedShare: gaps.reduce((sum, gap) => sum + periodMs / gap, 0) / gaps.length };
}

function toAsked({ id, application }: BenchGroup): AskedMachine {
  const said = {
    version: '1.0.0',
    arch: 'amd64',
    oem: '',
    versionPrefix: '',
    boot: 0,
    onlyOpenLease: false,
    forced: false,
  } as const;
  return {
    app: application,
    group: id,
    revision: 0,
    machine: machineId(0),
    at: Date.now(),
    n: randomInt(2 ** 40),
    ...said,
    events: [],
  };
}

interface Rest extends Limit {
  machines: { small: number; large: number };
  counted: number;
  hot: number;
}

function toRows(turns: Turn[], { machines, counted, hot, violations, usedShare }: Rest): BenchRow[] {
  const of = (key: keyof Turn) => median(turns.map((turn) => turn[key]));
  const ratioOf = (key: keyof Turn, baseline: keyof Turn) => median(turns.map((turn) => turn[key] / turn[baseline]));
  const row = (name: string, key: keyof Turn, unit: string, baseline: keyof Turn, least?: number): BenchRow => {
    const ratio = ratioOf(key, baseline);
    const goal = least === undefined ? {} : { goal: `>= ${least}`, met: ratio >= least };
    return { name, figure: of(key), unit, baseline: of(baseline), ratio, ...goal };
  };
  const [small, large] = [machines.small, machines.large].map((count) => count.toLocaleString('en-US'));
  const overCounting = of('large') / counted;
  const cost = median(turns.map((turn) => turn.small / turn.large));
  return [
    row(`grants in a group of ${large}, against a plain update`, 'large', 'grants/s', 'update', 0.65),
    row(`grants in a group of ${small}, against a plain update`, 'small', 'grants/s', 'update', 0.65),
    {
      name: `grants in a group of ${large}, against counting it`,
      figure: of('large'),
      unit: 'grants/s',
      baseline: counted,
      ratio: overCounting,
      goal: '>= 1000',
      met: overCounting >= 1000,
    },
    { name: `cost of a grant at ${large} against ${small}`, figure: cost, unit: 'x', goal: '<= 1.3', met: cost <= 1.3 },
    row('refusals under the lock', 'refused', 'machines/s', 'update'),
    row('refusals of a spent budget, without the lock', 'lookedUp', 'machines/s', 'update'),
    row('state upserts from the log, against a plain update', 'upserts', 'rows/s', 'updateOfUpserts'),
    { name: 'state upserts in place (HOT)', figure: hot, unit: 'share', goal: '>= 0.95', met: hot >= 0.95 },
    {
      name: 'grants beyond the limit, 32 connections',
      figure: violations,
      unit: 'grants',
      goal: '= 0',
      met: violations === 0,
    },
    {
      name: 'use of a wanted budget, 32 connections',
      figure: usedShare,
      unit: 'share',
      goal: '>= 0.99',
      met: usedShare >= 0.99,
    },
  ];
}
