// One group is locked by somebody else: the program grants, folds and pauses all others meanwhile, and says so.
import { makeAppender } from '@platte/fact-log';
import { type MachineCheckedIn, makePositions } from '@platte/facts';
import type { AskedMachine, CatalogCommandInput, SnapshotIndex } from '@platte/rollout';
import { type Client, findAttempt, readSnapshot } from '@platte/state-store';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeProgram, type TestProgram } from '../test/program.js';
import { startEnding } from './ending.js';
import { makeFirstCatalog } from './first-catalog.js';
import { type GrantDesk, openGrantDesk } from './grant-desk.js';
import { watchLockedGroups } from './locked-groups.js';
import { startLoggingStops } from './log-stops.js';
import { startRelaying } from './relay-outbox.js';
import { makeRunCommand, type RunCommand } from './run-command.js';

/** For a machine that is busy with other tests. */
const patience = { timeout: 20_000, interval: 10 };
const app = 'e96281a6-d1af-4bde-9a0a-97b76e56dc57';
const draw = makePositions(7);
let program: TestProgram;
let locked: string;
let free: string;
let runCommand: RunCommand;
let foreign: Client;

beforeEach(async () => {
  program = await makeProgram();
  await makeFirstCatalog({ ...program, config: { ...program.config, examplePackages: true } });
  runCommand = makeRunCommand(program);
  const groups = (await readSnapshot(program.store, app))?.groups ?? [];
  const idOf = (name: string) => groups.find((group) => group.name === name)?.id ?? '';
  [locked, free] = [idOf('Stable (AMD64)'), idOf('Beta (AMD64)')];
  foreign = await program.store.pool.connect();
  await foreign.query('begin');
  await foreign.query('set local idle_in_transaction_session_timeout = 0');
});
afterEach(async () => {
  await foreign.query('rollback');
  foreign.release();
  await program.end();
});

async function open(replica: TestProgram): Promise<GrantDesk> {
  const relay = startRelaying(replica);
  const desk = openGrantDesk(replica, new Map<string, SnapshotIndex>(), relay);
  watchLockedGroups(replica);
  startLoggingStops(replica, relay);
  await startEnding(replica, desk, relay);
  return desk;
}

const ask = (machine: string, group: string): AskedMachine => ({
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
const decide = async (desk: GrantDesk, machine: string, group: string) =>
  (await desk.decide([ask(machine, group)]))[0]?.answer;
const run = (command: CatalogCommandInput) => runCommand({ actor: 'ada', command, dryRun: false });
const stageOf = async (machine: string) => (await findAttempt(program.store.pool, app, machine))?.stage;

function arrived(machine: string, group: string, version: string): MachineCheckedIn {
  return {
    kind: 'MachineCheckedIn',
    v: 1,
    app,
    machine,
    ...draw(Date.now()),
    version,
    group,
    channel: null,
    arch: 'amd64',
    rollout: null,
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
    answer: { reason: 'up-to-date', inputs: {} },
  };
}

it('a locked group is refused and reported; others are granted, folded and paused, in one batch of the log too', async () => {
  const desk = await open(program);
  for (const [machine, group] of [
    ['a', locked],
    ['b', free],
  ] as const)
    expect((await decide(desk, machine, group))?.reason).toBe('granted');
  await foreign.query('select from update_group where id = $1 for update', [locked]);
  const [refused, granted] = await Promise.all([decide(desk, 'c', locked), decide(desk, 'd', free)]);
  expect([refused?.reason, granted?.reason]).toEqual(['policy-unavailable', 'granted']);

  const appender = makeAppender({ nc: program.nats, program: 'ingress', prefix: program.prefix });
  await appender.appendAll([arrived('a', locked, '1001.0.0'), arrived('b', free, '1002.0.0')]);
  await appender.close();
  await expect.poll(() => stageOf('b'), patience).toBe('ended');
  expect(await stageOf('a')).toBe('leased');
  expect(program.health.report().dependencies.find(({ name }) => name === 'groups')).toMatchObject({
    state: 'down',
    detail: `locked by another transaction: ${locked}`,
  });
  expect(await program.metrics.registry.metrics()).toMatch(/^platte_policy_locked_groups_count\S* 1$/m);

  expect(await run({ kind: 'PauseGroup', application: app, group: free })).toMatchObject({ status: 'done' });
  expect(await decide(desk, 'e', free)).toMatchObject({ reason: 'updates-disabled', inputs: { refusedBy: 'pause' } });
  expect(await run({ kind: 'ResumeGroup', application: app, group: locked })).toMatchObject({ status: 'done' });
  expect(
    await run({ kind: 'SetGroupPolicy', application: app, group: locked, policy: { safeMode: true } }),
  ).toMatchObject({
    status: 'failed',
    words: expect.stringContaining(`Nothing was changed: group ${locked} is locked by connection`),
    blockedBy: [{ application: 'platte', state: 'idle in transaction' }],
  });

  await foreign.query('rollback');
  await expect.poll(() => stageOf('a'), patience).toBe('ended');
  await expect
    .poll(() => program.health.report().dependencies.find(({ name }) => name === 'groups')?.state, patience)
    .toBe('up');
});

it('a pause is exact in every replica while the catalog’s revision is locked, and is logged when that ends', async () => {
  const [here, there] = [await open(program), await open(await program.another())];
  for (const [desk, machine] of [
    [here, 'a'],
    [there, 'b'],
  ] as const)
    expect((await decide(desk, machine, free))?.reason).toBe('granted');
  await foreign.query('select from catalog_revision for update');
  expect(await run({ kind: 'PauseGroup', application: app, group: free, cause: 'a fire' })).toMatchObject({
    status: 'done',
    revision: null,
  });
  const refusal = { reason: 'updates-disabled', inputs: { refusedBy: 'pause', note: 'a fire' } };
  for (const desk of [here, there])
    for (const machine of ['a', 'b', 'c']) expect(await decide(desk, machine, free)).toMatchObject(refusal);
  const logged = () =>
    program.store.pool.query<{ actor: string }>(`select actor from catalog_change where kind = 'GroupPaused'`);
  expect((await logged()).rows).toEqual([]);
  await foreign.query('rollback');
  await expect.poll(async () => (await logged()).rows, patience).toEqual([{ actor: 'ada' }]);
});
