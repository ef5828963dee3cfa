// PostgreSQL is restored from a backup that is older than the log.
import { makeAppender, readFactsFill } from '@platte/fact-log';
import { makePositions, type MachineCheckedIn } from '@platte/facts';
import { type AskedMachine, CatalogCommand, type CatalogCommandInput, type SnapshotIndex } from '@platte/rollout';
import { findAttempt, finishRestore, readOpenRestore, readSnapshot } from '@platte/state-store';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeProgram, type TestProgram } from '../test/program.js';
import { startEnding } from './ending.js';
import { makeFirstCatalog } from './first-catalog.js';
import { type GrantDesk, openGrantDesk } from './grant-desk.js';
import { startRelaying } from './relay-outbox.js';
import { openRestoreGate, type RestoreGate } from './restore-gate.js';
import { makeRunCommand, type RunCommand } from './run-command.js';

/** For a machine that is busy with other tests. */
const patience = { timeout: 60_000, interval: 50 };
const app = 'e96281a6-d1af-4bde-9a0a-97b76e56dc57';
const hourMs = 3_600_000;
const draw = makePositions(7);
let program: TestProgram;
let group: string;
let runCommand: RunCommand;
let replica: Replica;

interface Replica {
  gate: RestoreGate;
  desk: GrantDesk;
}

async function open(parts: TestProgram): Promise<Replica> {
  const gate = await openRestoreGate(parts, async function* () {});
  const relay = startRelaying(parts);
  const desk = openGrantDesk(parts, new Map<string, SnapshotIndex>(), relay, gate);
  await startEnding(parts, desk, relay, gate);
  return { gate, desk };
}

beforeEach(async () => {
  program = await makeProgram();
  await makeFirstCatalog({ ...program, config: { ...program.config, examplePackages: true } });
  runCommand = makeRunCommand(program);
  const snapshot = await readSnapshot(program.store, app);
  group = snapshot?.groups.find(({ track, name }) => track === 'stable' && name.includes('AMD64'))?.id ?? '';
  await run({ kind: 'SetGroupPolicy', application: app, group, policy: { rateLimit: { max: 3, periodMs: hourMs } } });
  replica = await open(program);
  await relayed();
});
afterEach(() => program.end());

async function run(command: CatalogCommandInput): Promise<void> {
  const reply = await runCommand({ actor: 'ada', command, dryRun: false });
  expect(reply).toMatchObject({ status: 'done' });
}

/** The log has all that the database knows. */
async function relayed(): Promise<void> {
  await expect.poll(async () => (await program.store.pool.query('select from outbox')).rowCount, patience).toBe(0);
}

const ask = (machine: string): AskedMachine => ({
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
});

async function decide({ desk }: Replica, ...machines: string[]): Promise<string[]> {
  const decisions = await desk.decide(machines.map(ask));
  return decisions.map(({ answer }) => answer.reason);
}

/** Told by ingress. */
async function append(fact: MachineCheckedIn): Promise<void> {
  const appender = makeAppender({ nc: program.nats, program: 'ingress', prefix: program.prefix });
  await appender.appendAll([fact]);
  await appender.close();
}

const checkIn = (machine: string, version: string, answer: MachineCheckedIn['answer'], rollout: string | null = null) =>
  append({
    kind: 'MachineCheckedIn',
    v: 1,
    app,
    machine,
    ...draw(Date.now()),
    version,
    group,
    channel: null,
    arch: 'amd64',
    rollout,
    reboots: true,
    oem: '',
    track: 'stable',
    ip: '',
    alias: '',
    oemVersion: '',
    aleph: '',
    bootId: '',
    ping: true,
    heartbeat: false,
    source: '',
    answer,
  });

/** Brings what the API brings: each change by its command, and then grants go on. */
async function apply(): Promise<void> {
  const restore = await readOpenRestore(program.store.pool);
  for (const { command } of restore?.changes ?? []) await run(CatalogCommand.parse(command));
  await finishRestore(program.store, restore?.id ?? 0, 'ada');
}

const stateOf = async () => (await readOpenRestore(program.store.pool))?.state;
const openLeases = async () =>
  (
    await program.store.pool.query<{ open: number }>(
      'select open_leases as open from grant_counter where update_group = $1',
      [group],
    )
  ).rows[0]?.open;

it('makes no grant, learns those that it forgot, and goes on when a person has applied what people stopped', async () => {
  await program.database.keep();
  expect(await expectDecided(replica, 'a', 'b')).toEqual(['granted', 'granted']);
  await checkIn('a', '1001.0.0', { reason: 'up-to-date', inputs: {} });
  await expect.poll(async () => (await findAttempt(program.store.pool, app, 'a'))?.stage, patience).toBe('ended');
  await run({ kind: 'HoldMachine', application: app, machine: 'held', note: 'do not touch' });
  await run({ kind: 'PauseGroup', application: app, group, cause: 'an incident' });
  await relayed();

  await program.database.restore();
  const later = await open(await program.another());
  expect(later.gate.closedBecause()).toContain('PostgreSQL is older than the log');
  expect(await decide(later, 'c')).toEqual(['policy-unavailable']);
  await expect.poll(stateOf, patience).toBe('waiting');
  // Both replicas know: the one that went on over the restore, too.
  await expect.poll(() => decide(replica, 'c'), patience).toEqual(['policy-unavailable']);
  const restore = await readOpenRestore(program.store.pool);
  expect(restore?.learned).toMatchObject({ grants: 2, ends: 1, unlogged: 0 });
  expect(restore?.changes.map(({ kind, actor, machine }) => [kind, actor, machine])).toEqual([
    ['GroupPaused', 'ada', ''],
    ['MachineHeld', 'ada', 'held'],
  ]);
  expect(await findAttempt(program.store.pool, app, 'a')).toMatchObject({ stage: 'ended', outcome: 'complete' });
  expect(await findAttempt(program.store.pool, app, 'b')).toMatchObject({ stage: 'leased', number: 2 });
  expect(await openLeases()).toBe(1);

  await apply();
  await expect.poll(() => later.gate.closedBecause(), patience).toBeNull();
  const paused = await decide(later, 'c');
  expect(paused).not.toEqual(['granted']);
  expect(paused).not.toEqual(['policy-unavailable']);
  await run({ kind: 'ResumeGroup', application: app, group });
  expect(await decide(later, 'c', 'held')).toEqual(['granted', 'held']);
  // The two of before the restore count.
  expect(await decide(later, 'd')).toEqual(['rate-limited']);
  expect(await decide(later, 'b')).toEqual(['re-offered']);
});

it('learns a grant that only the answer to the machine tells of', async () => {
  const rollout = (
    await program.store.pool.query<{ rollout: string }>('select rollout from update_group where id = $1', [group])
  ).rows[0]?.rollout;
  await program.database.keep();
  await run({ kind: 'HoldMachine', application: app, machine: 'held' });
  await relayed();
  const deadline = Date.now() + hourMs;
  await checkIn('x', '1000.0.0', { reason: 'granted', inputs: { target: '1001.0.0', deadline } }, rollout);
  await program.database.restore();
  await open(await program.another());
  await expect.poll(stateOf, patience).toBe('waiting');
  expect((await readOpenRestore(program.store.pool))?.learned).toMatchObject({ grants: 0, unlogged: 1 });
  expect(await findAttempt(program.store.pool, app, 'x')).toMatchObject({
    stage: 'leased',
    number: 1,
    dueAt: deadline,
  });
  expect(await openLeases()).toBe(1);
});

it('goes on by itself where only grants were forgotten, and names later facts above the log', async () => {
  await program.database.keep();
  expect(await expectDecided(replica, 'a')).toEqual(['granted']);
  await relayed();
  await program.database.restore();
  const later = await open(await program.another());
  await expect.poll(() => later.gate.closedBecause(), patience).toBeNull();
  expect(await findAttempt(program.store.pool, app, 'a')).toMatchObject({ stage: 'leased', number: 1 });
  expect(await decide(later, 'b', 'c', 'd')).toEqual(['granted', 'granted', 'rate-limited']);
  await relayed();
  // A start after that finds nothing to say.
  const again = await open(await program.another());
  expect(again.gate.closedBecause()).toBeNull();
  expect((await readFactsFill(program.nats, program)).messages).toBeGreaterThan(2);
});

it('makes grants at once where the database was started anew and knows all', async () => {
  expect(await expectDecided(replica, 'a')).toEqual(['granted']);
  await relayed();
  await program.database.keep();
  await program.database.restore();
  const again = await open(await program.another());
  expect(again.gate.closedBecause()).toBeNull();
  expect((await program.store.pool.query('select from restore')).rowCount).toBe(0);
});

/** The backup ended its connections: the first question may meet that. */
async function expectDecided(one: Replica, ...machines: string[]): Promise<string[]> {
  await expect.poll(() => one.gate.closedBecause(), patience).toBeNull();
  return decide(one, ...machines);
}
