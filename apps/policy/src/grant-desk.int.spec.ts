import { makePositions, type MachineCheckedIn } from '@platte/facts';
import { listParked, makeAppender, readFacts, retryParked } from '@platte/fact-log';
import type { AskedMachine, CatalogCommandInput, SnapshotIndex } from '@platte/rollout';
import { closeStore, findAttempt, openStore, readSnapshot, recountLedger } from '@platte/state-store';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeProgram, type TestProgram } from '../test/program.js';
import { startEnding } from './ending.js';
import { makeFirstCatalog } from './first-catalog.js';
import { type GrantDesk, openGrantDesk } from './grant-desk.js';
import { startRecounting } from './recount-ledger.js';
import { startRelaying } from './relay-outbox.js';
import { makeRunCommand, type RunCommand } from './run-command.js';

/** For a machine that is busy with other tests. */
const patience = { timeout: 20_000, interval: 10 };
const app = 'e96281a6-d1af-4bde-9a0a-97b76e56dc57';
const hourMs = 3_600_000;
const draw = makePositions(7);
let program: TestProgram;
let group: string;
let runCommand: RunCommand;

beforeEach(async () => {
  program = await makeProgram();
  await makeFirstCatalog({ ...program, config: { ...program.config, examplePackages: true } });
  runCommand = makeRunCommand(program);
  const snapshot = await readSnapshot(program.store, app);
  group = snapshot?.groups.find(({ track, name }) => track === 'stable' && name.includes('AMD64'))?.id ?? '';
});
afterEach(() => program.end());

/** A replica that decides, folds, sweeps and relays. */
async function open(replica: TestProgram): Promise<GrantDesk> {
  const relay = startRelaying(replica);
  const desk = openGrantDesk(replica, new Map<string, SnapshotIndex>(), relay);
  await startEnding(replica, desk, relay);
  return desk;
}

const ask = (machine: string, changes: Partial<AskedMachine> = {}): AskedMachine => ({
  app,
  group,
  revision: 0,
  machine,
  ...draw(Date.now()),
  version: '1000.0.0',
  arch: 'amd64',
  oem: '',
  versionPrefix: '',
  boot: 0,
  onlyOpenLease: false,
  forced: false,
  events: [],
  ...changes,
});

async function decide(desk: GrantDesk, ...machines: string[]) {
  const decisions = await desk.decide(machines.map((machine) => ask(machine)));
  return decisions.map(({ answer }) => answer.reason);
}

async function run(command: CatalogCommandInput): Promise<void> {
  const reply = await runCommand({ actor: 'ada', command, dryRun: false });
  expect(reply).toMatchObject({ status: 'done' });
}

const setPolicy = (policy: object) => run({ kind: 'SetGroupPolicy', application: app, group, policy });

/** Told by ingress, in one message: the machines run the new version. */
async function arrive(...machines: string[]): Promise<void> {
  const appender = makeAppender({ nc: program.nats, program: 'ingress', prefix: program.prefix });
  await appender.appendAll(machines.map((machine) => arrivalOf(machine)));
  await appender.close();
}

function arrivalOf(machine: string): MachineCheckedIn {
  const said = {
    v: 1,
    app,
    machine,
    ...draw(Date.now()),
    version: '1001.0.0',
    group,
    channel: null,
    arch: 'amd64',
    rollout: null,
    reboots: true,
    oem: '',
  } as const;
  const rest = {
    track: 'stable',
    ip: '',
    alias: '',
    oemVersion: '',
    aleph: '',
    bootId: '',
    ping: true,
    heartbeat: false,
    source: '',
  };
  return { kind: 'MachineCheckedIn', ...said, ...rest, answer: { reason: 'up-to-date', inputs: {} } };
}

it('decides each group of a question, in the order of the machines', async () => {
  const desk = await open(program);
  const unknown = '00000000-0000-4000-8000-000000000000';
  const decisions = await desk.decide([ask('a'), ask('b', { group: unknown }), ask('a'), ask('c')]);
  expect(decisions.map(({ answer }) => answer.reason)).toEqual(['granted', 'unknown-group', 're-offered', 'granted']);
  expect(decisions.map(({ offer }) => offer?.version)).toEqual(['1001.0.0', undefined, '1001.0.0', '1001.0.0']);
});

it('shares one budget between replicas, and takes a slot that the other one freed', async () => {
  await setPolicy({ concurrencyLimit: 1 });
  const [here, there] = [await open(program), await open(await program.another())];
  expect(await decide(here, 'a', 'b')).toEqual(['granted', 'concurrency-limited']);
  expect(await decide(there, 'b')).toEqual(['concurrency-limited']);
  await arrive('a');
  await expect.poll(() => decide(there, 'b'), patience).toEqual(['granted']);
  expect(await decide(here, 'c')).toEqual(['concurrency-limited']);
});

it('refuses by a spent budget without the lock, also while somebody holds it, and offers the lease again', async () => {
  await setPolicy({ rateLimit: { max: 1, periodMs: hourMs } });
  const desk = await open(program);
  expect(await decide(desk, 'a', 'b')).toEqual(['granted', 'rate-limited']);
  const locker = await program.store.pool.connect();
  try {
    await locker.query('begin');
    await locker.query('select from update_group where id = $1 for update', [group]);
    expect(await decide(desk, 'b', 'c')).toEqual(['rate-limited', 'rate-limited']);
    await locker.query('rollback');
  } finally {
    locker.release();
  }
  expect(await decide(desk, 'c', 'a')).toEqual(['rate-limited', 're-offered']);
});

it('says of a spent group whom it need not be asked for, until a person changes the group', async () => {
  await setPolicy({ rateLimit: { max: 1, periodMs: hourMs } });
  const desk = await open(program);
  await decide(desk, 'a', 'b');
  await decide(desk, 'b');
  expect(desk.noticesFor([ask('b')])).toMatchObject([{ group, limit: 1, used: 1, except: ['a'] }]);
  expect(desk.noticesFor([ask('b', { group: app })])).toEqual([]);
  await run({ kind: 'PauseGroup', application: app, group });
  expect(await decide(desk, 'b')).toEqual(['updates-disabled']);
  expect(desk.noticesFor([ask('b')])).toEqual([]);
});

it('says nothing more of a group whose slot was freed, here or in another replica, and names who took it', async () => {
  await setPolicy({ concurrencyLimit: 1 });
  const [here, there] = [await open(program), await open(await program.another())];
  for (const desk of [here, here, there, there]) await decide(desk, 'a', 'b');
  for (const desk of [here, there]) expect(desk.noticesFor([ask('b')])).toMatchObject([{ except: ['a'] }]);
  await arrive('a');
  await expect.poll(() => decide(there, 'b'), patience).toEqual(['granted']);
  await decide(there, 'c');
  expect(there.noticesFor([ask('c')])).toMatchObject([{ reason: 'concurrency-limited', except: ['b'] }]);
  await expect.poll(() => here.noticesFor([ask('c')]), patience).toEqual([]);
});

it('grants at once what a raised limit allows', async () => {
  await setPolicy({ rateLimit: { max: 1, periodMs: hourMs } });
  const desk = await open(program);
  expect(await decide(desk, 'a', 'b')).toEqual(['granted', 'rate-limited']);
  await setPolicy({ rateLimit: { max: 2, periodMs: hourMs } });
  expect(await decide(desk, 'b', 'c')).toEqual(['granted', 'rate-limited']);
});

it('grants and re-offers nothing in any replica once a pause has been acknowledged', async () => {
  const [here, there] = [await open(program), await open(await program.another())];
  expect(await decide(here, 'a')).toEqual(['granted']);
  expect(await decide(there, 'b')).toEqual(['granted']);
  await run({ kind: 'PauseGroup', application: app, group });
  expect(await decide(here, 'a', 'c')).toEqual(['updates-disabled', 'updates-disabled']);
  expect(await decide(there, 'b', 'c')).toEqual(['updates-disabled', 'updates-disabled']);
});

it('answers policy-unavailable when PostgreSQL is away', async () => {
  const store = openStore({ url: 'postgres://nobody@127.0.0.1:1/nowhere' });
  const desk = openGrantDesk({ ...program, store }, new Map(), { wake: () => {} });
  expect(await decide(desk, 'a', 'b')).toEqual(['policy-unavailable', 'policy-unavailable']);
  await closeStore(store);
});

it('refuses a batch whose connection PostgreSQL ends, counts nothing, and decides the next one', async () => {
  const desk = await open(program);
  const { pool } = program.store;
  const locker = await pool.connect();
  try {
    await locker.query('begin');
    await locker.query('select from update_group where id = $1 for update', [group]);
    const decided = decide(desk, 'a', 'b');
    const waits = `select count(*)::int as n from pg_stat_activity
      where datname = current_database() and application_name = 'platte-hot' and wait_event_type = 'Lock'`;
    await expect.poll(async () => (await pool.query(waits)).rows[0], patience).toEqual({ n: 1 });
    await pool.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'platte-hot'`);
    expect(await decided).toEqual(['policy-unavailable', 'policy-unavailable']);
    await locker.query('rollback');
  } finally {
    locker.release();
  }
  expect(await decide(desk, 'a', 'b')).toEqual(['granted', 'granted']);
  expect(await recountLedger(program.store)).toEqual([]);
});

it('refuses the machine whose row cannot be read, and decides the others of its batch', async () => {
  const desk = await open(program);
  expect(await decide(desk, 'bad')).toEqual(['granted']);
  await program.store.pool.query(`update attempt set opened_n = ${2n ** 62n} where machine = 'bad'`);
  expect(await decide(desk, 'a', 'bad', 'b')).toEqual(['granted', 'rule-failed', 'granted']);
  expect(await decide(desk, 'a', 'b')).toEqual(['re-offered', 're-offered']);
  const metrics = await program.metrics.registry.metrics();
  expect(metrics).toMatch(/^platte_policy_decisions_total\{.*"rule-failed".*\} 1$/m);
});

it('parks the facts of a machine whose row cannot be read, folds the others, and is well when a person deleted it', async () => {
  const desk = await open(program);
  await decide(desk, 'good', 'bad');
  await program.store.pool.query(`update attempt set opened_n = ${2n ** 62n} where machine = 'bad'`);
  await arrive('bad', 'good');
  const { nats, prefix, health, store } = program;
  const machines = () => health.report().dependencies.find(({ name }) => name === 'machines');
  await expect.poll(async () => (await findAttempt(store.pool, app, 'good'))?.outcome, patience).toBe('complete');
  await expect.poll(() => listParked(nats, { prefix }), patience).toHaveLength(1);
  const [parked] = await listParked(nats, { prefix });
  expect(parked?.excerpt).toMatch(/"machine":"bad"/);
  expect(parked?.excerpt).not.toMatch(/"machine":"good"/);
  expect(parked).toMatchObject({ durable: 'policy', reason: expect.stringContaining('2^53') });
  expect(machines()).toMatchObject({ state: 'down', detail: expect.stringContaining('platte instances delete bad') });
  expect(await program.metrics.registry.metrics()).toMatch(/^platte_policy_bad_machines\S* 1$/m);
  await run({ kind: 'DeleteMachine', application: app, machine: 'bad' });
  expect(await retryParked(nats, parked?.id ?? 0, { prefix })).toBe(true);
  await expect.poll(() => machines()?.state, patience).toBe('up');
  expect(await recountLedger(store)).toEqual([]);
  expect(await listParked(nats, { prefix })).toEqual([]);
});

it('tells the log of grants and of what became of them', async () => {
  const desk = await open(program);
  await decide(desk, 'a');
  await arrive('a');
  await expect.poll(async () => (await findAttempt(program.store.pool, app, 'a'))?.outcome, patience).toBe('complete');
  const { prefix, nats } = program;
  const kinds: string[] = [];
  for await (const { facts } of readFacts(nats, { from: 1, prefix, signal: AbortSignal.timeout(patience.timeout) })) {
    kinds.push(...facts.filter(({ machine }) => machine === 'a').map(({ kind }) => kind));
    if (kinds.includes('LeaseEnded')) break;
  }
  expect(kinds.toSorted()).toEqual(['LeaseEnded', 'MachineCheckedIn', 'UpdateGranted']);
});

it('recounts its ledger, tells of a counter that was wrong, and gives its slots back', async () => {
  await setPolicy({ concurrencyLimit: 1 });
  const desk = openGrantDesk(program, new Map<string, SnapshotIndex>(), { wake: () => {} });
  await program.store.pool.query('update grant_counter set open_leases = 1 where update_group = $1', [group]);
  expect(await decide(desk, 'a')).toEqual(['concurrency-limited']);
  await startRecounting(program, (groups) => groups.forEach((one) => desk.noteFreed(one))).recount();
  expect(await decide(desk, 'a')).toEqual(['granted']);
  expect(await program.metrics.registry.metrics()).toMatch(/^platte_policy_miscounts_total\{.*"open-leases".*\} 1$/m);
});
