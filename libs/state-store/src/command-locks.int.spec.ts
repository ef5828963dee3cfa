// Somebody else keeps a row locked: a command about another group goes on, one about that row says who holds it.
import { CatalogCommand, type CatalogCommandInput, isRejection } from '@platte/rollout';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { drawPositions, makeGrantContext, makeSampleFleet, type SampleFleet } from '../test/sample-fleet.js';
import { executeCatalogCommand, executeFirstCommands } from './catalog-commands.js';
import { CommandBlocked } from './command-blocked.js';
import type { CommandContext } from './command-context.js';
import { type FreshDatabase, makeFreshDatabase } from './fresh-database.js';
import { grantBatch } from './grant-batch.js';
import { closeStore, openStore, type Store } from './store.js';
import type { Client } from './transaction.js';

let database: FreshDatabase;
let store: Store;
let fleet: SampleFleet;
/** Another group of the application, with a channel of its own. */
let other: { channel: string; group: string };
let foreign: Client;
let pid: number;

beforeEach(async () => {
  database = await makeFreshDatabase(inject('postgresUrl'));
  // Few connections: whoever waits must not keep them from the others.
  store = openStore({ url: database.url, poolMax: 4, hotLockWaitMs: 50 });
  fleet = await makeSampleFleet(store);
  other = { channel: crypto.randomUUID(), group: crypto.randomUUID() };
  const { application, packages } = fleet;
  await fleet.run({
    kind: 'CreateChannel',
    application,
    id: other.channel,
    name: 'beta',
    arch: 'amd64',
    package: packages.one,
  });
  await fleet.run({
    kind: 'CreateGroup',
    application,
    id: other.group,
    name: 'Beta',
    track: 'beta',
    channel: other.channel,
  });
  foreign = await store.pool.connect();
  await foreign.query('begin');
  await foreign.query('set local idle_in_transaction_session_timeout = 0');
  pid = (await foreign.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid ?? 0;
});
afterEach(async () => {
  await foreign.query('rollback');
  foreign.release();
  await closeStore(store);
  await database.drop();
});

function contextOf(): CommandContext {
  const [draw, now] = [drawPositions(), Date.now()];
  const newId = () => crypto.randomUUID();
  return { actor: { kind: 'person', name: 'ada' }, now, newId, forceMs: 3_600_000, position: () => draw(now) };
}
async function execute(input: CatalogCommandInput) {
  const executed = await executeCatalogCommand(store, CatalogCommand.parse(input), contextOf());
  if (isRejection(executed)) throw new Error(executed.words);
  return executed.facts.map(({ kind }) => kind);
}
const lockGroup = () => foreign.query('select from update_group where id = $1 for update', [fleet.group]);
const ask = async (machine: string, group: string) => {
  const asked = fleet.ask(machine, { group, version: '0.9.0' });
  const { decisions } = await grantBatch(store, makeGrantContext(), group, [asked]);
  return decisions[0]?.answer.reason;
};

describe('while one group is locked', () => {
  const at = (command: Record<string, unknown> & { kind: string }) => command as CatalogCommandInput;
  it.each<[string, () => CatalogCommandInput]>([
    ['another group is edited', () => at({ kind: 'EditGroup', group: other.group, changes: { description: 'x' } })],
    [
      'another group gets a policy',
      () => at({ kind: 'SetGroupPolicy', group: other.group, policy: { safeMode: true } }),
    ],
    ['another group is paused', () => at({ kind: 'PauseGroup', group: other.group })],
    ['the group itself is paused', () => at({ kind: 'PauseGroup', group: fleet.group })],
    ['a rollout of another group is halted', () => at({ kind: 'HaltRollout', group: other.group })],
    [
      'a channel that others follow gets a package',
      () => at({ kind: 'AssignPackage', channel: other.channel, package: fleet.packages.two }),
    ],
    ['a machine is held', () => at({ kind: 'HoldMachine', machine: 'm' })],
    ['a machine is forced', () => at({ kind: 'ForceMachine', machine: 'm' })],
    ['a machine gets a label', () => at({ kind: 'EditMachine', machine: 'm', labels: { rack: '7' } })],
    ['the application is renamed', () => at({ kind: 'EditApplication', changes: { name: 'renamed' } })],
    ['a group is created', () => at({ kind: 'CreateGroup', name: 'Gamma', track: 'gamma' })],
  ])('%s', async (_, command) => {
    await lockGroup();
    expect(await execute({ ...command(), application: fleet.application } as CatalogCommandInput)).not.toEqual([]);
    expect(await ask('a', other.group)).not.toBe('policy-unavailable');
  });

  it('a command that changes it says who holds the lock, and has changed nothing', async () => {
    await lockGroup();
    const { application, group, channel } = fleet;
    const commands: CatalogCommandInput[] = [
      { kind: 'SetGroupPolicy', application, group, policy: { safeMode: true } },
      { kind: 'AssignPackage', application, channel, package: fleet.packages.one },
      { kind: 'MarkDeadEnd', application, version: '0.5.0', reason: 'x' },
    ];
    // At once: they wait one after the other, and keep one connection busy.
    const blocked = await Promise.allSettled(commands.map((command) => execute(command)));
    for (const one of blocked) {
      const error = one.status === 'rejected' ? (one.reason as unknown) : undefined;
      expect(error).toBeInstanceOf(CommandBlocked);
      expect(error).toMatchObject({ row: { of: 'group', id: group }, holders: [{ pid, application: 'platte' }] });
      expect(String(error)).toContain(
        `Nothing was changed: group ${group} is locked by connection ${pid} of PostgreSQL`,
      );
    }
    await foreign.query('rollback');
    expect((await store.pool.query('select from dead_end')).rowCount).toBe(0);
  });

  it('a command that waits for it holds neither the other groups nor the application meanwhile', async () => {
    await lockGroup();
    const { application } = fleet;
    const waiting = execute({ kind: 'MarkDeadEnd', application, version: '0.5.0', reason: 'x' });
    await vi.waitUntil(async () => {
      const { rows } = await store.pool.query(
        `select from pg_stat_activity where wait_event_type = 'Lock' and query like '%update_group%'
         and $1 = any(pg_blocking_pids(pid))`,
        [pid],
      );
      return rows.length > 0;
    });
    expect(await execute({ kind: 'EditGroup', application, group: other.group, changes: { name: 'B' } })).toEqual([
      'GroupEdited',
    ]);
    await foreign.query('rollback');
    expect(await waiting).toEqual(['DeadEndMarked']);
  });
});

describe('while the catalog’s revision is locked', () => {
  it('groups are granted, and a command says who holds it without keeping its group locked', async () => {
    await foreign.query('select from catalog_revision for update');
    const { application, group } = fleet;
    const command = execute({ kind: 'SetGroupPolicy', application, group, policy: { safeMode: true } });
    const ended = Promise.allSettled([command]);
    await vi.waitUntil(async () => {
      const { rows } = await store.pool.query(
        `select from pg_stat_activity where wait_event_type = 'Lock' and query like '%catalog_revision for no key update%'`,
      );
      return rows.length > 0;
    });
    expect(await ask('a', group)).toBe('granted');
    expect(await ended).toMatchObject([
      { status: 'rejected', reason: { row: { of: 'catalog-revision' }, holders: [{ pid }] } },
    ]);
  });

  it('a start in a catalog that is not empty waits for nothing', async () => {
    await foreign.query('select from catalog_revision for update');
    expect(await executeFirstCommands(store, [], contextOf())).toBeNull();
  });
});

it('commands of one application at once are all executed', async () => {
  const { application } = fleet;
  const done = await Promise.all(
    Array.from({ length: 30 }, (_, i) => execute({ kind: 'HoldMachine', application, machine: `m${i}` })),
  );
  expect(done.flat()).toHaveLength(30);
});

it('a machine that is held is refused by the next decision, in a process that has not heard of it', async () => {
  const context = makeGrantContext();
  const decide = async (machine: string) =>
    (await grantBatch(store, context, fleet.group, [fleet.ask(machine)])).decisions[0]?.answer;
  expect((await decide('a'))?.reason).toBe('granted');
  const { application } = fleet;
  await execute({ kind: 'HoldMachine', application, machine: '__proto__', note: 'its disk is failing' });
  expect(await decide('__proto__')).toMatchObject({ reason: 'held', inputs: { note: 'its disk is failing' } });
  await execute({ kind: 'ReleaseMachine', application, machine: '__proto__' });
  expect((await decide('__proto__'))?.reason).toBe('granted');
});
