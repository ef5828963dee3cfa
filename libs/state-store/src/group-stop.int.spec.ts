// A person's pause of a group: it waits for decisions under way and for nothing else, and stands beside the policy.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fact } from '@platte/facts';
import { indexSnapshot, isRejection, type CatalogCommandInput, CatalogCommand, judge } from '@platte/rollout';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { drawPositions, makeGrantContext, makeSampleFleet, type SampleFleet } from '../test/sample-fleet.js';
import { executeCatalogCommand } from './catalog-commands.js';
import { readSnapshot } from './catalog-snapshots.js';
import { findGroupView } from './catalog-reads.js';
import { findDecision } from './decision-reads.js';
import { type FreshDatabase, makeFreshDatabase } from './fresh-database.js';
import { grantBatch, type GrantContext } from './grant-batch.js';
import { logStops } from './log-stops.js';
import { migrationsFolder } from './migrate.js';
import { relayOutbox } from './outbox.js';
import { DecisionUnderWay } from './pause-group.js';
import { toLockToDecide } from './read-ledger.js';
import { closeStore, openStore, type Store } from './store.js';
import { sweepLeases } from './sweep-leases.js';
import type { Client } from './transaction.js';

const hourMs = 3_600_000;
let database: FreshDatabase;
let store: Store;
let context: GrantContext;
let fleet: SampleFleet;
let foreign: Client;
let offsetMs = 0;

beforeEach(async () => {
  database = await makeFreshDatabase(inject('postgresUrl'));
  store = openStore({ url: database.url, hotLockWaitMs: 50, clockOffsetMs: () => offsetMs });
  offsetMs = 0;
  context = makeGrantContext();
  fleet = await makeSampleFleet(store);
  foreign = await store.pool.connect();
  await foreign.query('begin');
  await foreign.query('set local idle_in_transaction_session_timeout = 0');
});
afterEach(async () => {
  await foreign.query('rollback');
  foreign.release();
  await closeStore(store);
  await database.drop();
});

async function execute(input: CatalogCommandInput, actor = 'ada') {
  const [draw, now] = [drawPositions(), Date.now()];
  const executed = await executeCatalogCommand(store, CatalogCommand.parse(input), {
    actor: { kind: 'person', name: actor },
    now,
    newId: () => crypto.randomUUID(),
    forceMs: hourMs,
    position: () => draw(now),
  });
  if (isRejection(executed)) throw new Error(executed.words);
  return executed;
}
const ofGroup = () => ({ application: fleet.application, group: fleet.group });
const pause = (cause = 'a fire', actor?: string) => execute({ kind: 'PauseGroup', ...ofGroup(), cause }, actor);
const resume = () => execute({ kind: 'ResumeGroup', ...ofGroup(), cause: 'it is out' });
const view = () => findGroupView(store.pool, fleet.group);

async function ask(machine: string) {
  const { decisions } = await grantBatch(store, context, fleet.group, [fleet.ask(machine)]);
  return decisions[0]?.answer;
}
async function facts(): Promise<string[]> {
  const relayed: Fact[] = [];
  await relayOutbox(store, async (batch) => void relayed.push(...batch));
  return relayed.map(({ kind }) => kind);
}

describe('a pause', () => {
  it('says who, when and why, in the group and in every answer, and leaves the policy alone', async () => {
    await ask('granted before');
    const before = Date.now();
    await pause();
    const { stop, policy, revision } = (await view())!;
    expect(stop).toMatchObject({ actor: { kind: 'person', name: 'ada' }, note: 'a fire', switchesOn: false });
    expect(stop?.at).toBeGreaterThanOrEqual(before);
    expect(policy.updatesEnabled).toBe(true);
    for (const machine of ['granted before', 'new'])
      expect(await ask(machine)).toMatchObject({
        reason: 'updates-disabled',
        inputs: { refusedBy: 'pause', note: 'a fire' },
      });
    await resume();
    expect((await view())?.stop).toBeNull();
    expect((await ask('granted before'))?.reason).toBe('re-offered');
    expect(revision).toBeGreaterThan(0);
  });

  it('and the policy must both allow updates', async () => {
    await pause();
    await fleet.setPolicy({ updatesEnabled: false });
    expect((await ask('a'))?.inputs.refusedBy).toBe('pause-and-policy');
    await fleet.setPolicy({ updatesEnabled: true });
    expect((await ask('a'))?.inputs.refusedBy).toBe('pause');
    await fleet.setPolicy({ updatesEnabled: false });
    await resume();
    expect((await ask('a'))?.inputs.refusedBy).toBe('policy');
  });

  it('waits for no lock of a row: not of the group, nor of its application, nor of the catalog’s revision', async () => {
    const { rows } = await foreign.query('select revision from catalog_revision for update');
    await foreign.query('select from application for update');
    await foreign.query('select from update_group for update');
    expect(await pause()).toEqual({ facts: [], revision: null });
    expect((await view())?.stop).toMatchObject({ note: 'a fire' });
    await foreign.query('rollback');
    expect((await ask('a'))?.inputs.refusedBy).toBe('pause');
    const logged = await logStops(store, { position: () => ({ at: Date.now(), n: 1 }) });
    expect(logged).toMatchObject({
      revision: Number(rows[0].revision) + 1,
      facts: [{ kind: 'GroupPaused', actor: 'ada' }],
    });
    expect(await facts()).toContain('GroupPaused');
    expect(await logStops(store, { position: () => ({ at: 1, n: 1 }) })).toMatchObject({
      found: false,
      revision: null,
    });
  });

  it('is logged before the resume that ends it', async () => {
    await foreign.query('select from catalog_revision for update');
    await pause();
    await foreign.query('rollback');
    await resume();
    expect((await facts()).filter((kind) => kind.startsWith('Group'))).toEqual([
      'GroupCreated',
      'GroupPaused',
      'GroupResumed',
    ]);
  });

  it('is acknowledged after the decisions that were under way', async () => {
    const deciding = await store.pool.connect();
    await deciding.query('begin');
    await deciding.query(toLockToDecide([fleet.group], true));
    const order: string[] = [];
    const pausing = pause().then(() => order.push('paused'));
    await vi.waitUntil(async () => {
      const { rows } = await store.pool.query(`select from pg_locks where locktype = 'advisory' and not granted`);
      return rows.length > 0;
    });
    order.push('decided');
    await deciding.query('commit');
    deciding.release();
    await pausing;
    expect(order).toEqual(['decided', 'paused']);
  });

  it('stands at once where a decision under way does not end, and names it', async () => {
    await foreign.query(toLockToDecide([fleet.group], true));
    const { rows } = await foreign.query<{ pid: number }>('select pg_backend_pid() as pid');
    const pausing = pause();
    await expect(pausing).rejects.toThrow(DecisionUnderWay);
    await expect(pausing).rejects.toThrow(`connection ${rows[0]?.pid} of PostgreSQL (platte`);
    expect((await view())?.stop).toMatchObject({ note: 'a fire' });
  });

  it('of a paused group changes nothing: who paused it first is who paused it', async () => {
    await pause('a fire', 'ada');
    expect(await pause('another one', 'bob')).toEqual({ facts: [], revision: null });
    expect((await view())?.stop).toMatchObject({ actor: { name: 'ada' }, note: 'a fire' });
  });

  it('of two persons at once is one pause', async () => {
    await Promise.all(['ada', 'bob', 'cyd'].map((actor) => pause(`by ${actor}`, actor)));
    expect((await facts()).filter((kind) => kind === 'GroupPaused')).toHaveLength(1);
  });

  it('goes with its group', async () => {
    await pause();
    await execute({ kind: 'DeleteGroup', ...ofGroup() });
    expect((await store.pool.query('select from group_stop')).rows).toEqual([]);
  });

  it('cancels leases whose deadline passes, as a policy without updates does', async () => {
    await ask('a');
    await pause();
    offsetMs = 2 * hourMs;
    expect((await sweepLeases(store, { ...context, until: Number.MAX_SAFE_INTEGER })).ended).toBe(1);
    const { rows } = await store.pool.query('select outcome, cause from attempt');
    expect(rows).toEqual([{ outcome: 'cancelled', cause: 'the deadline passed while updates were off' }]);
  });
});

it('a snapshot of a paused group is refused by who knows stops and by who does not', async () => {
  await pause();
  const snapshot = await readSnapshot(store, fleet.application);
  const [group] = snapshot!.groups;
  expect(group).toMatchObject({ policy: { updatesEnabled: false }, stop: { actor: 'ada', policyEnabled: true } });
  const before = { ...snapshot!, groups: snapshot!.groups.map((one) => ({ ...one, stop: null })) };
  const check = { machine: 'a', version: '1.0.0', track: 'stable', arch: 'amd64', versionPrefix: '' } as const;
  const refusals = [snapshot!, before].map((one) => judge(check, indexSnapshot(one), Date.now()));
  expect(refusals).toMatchObject([
    { answer: { reason: 'updates-disabled', inputs: { refusedBy: 'pause' } } },
    { answer: { reason: 'updates-disabled', inputs: { refusedBy: 'policy' } } },
  ]);
});

it('an answer’s decision is found by who refused', async () => {
  const at = Date.now() + hourMs;
  const decision = (refusedBy?: 'pause' | 'policy' | 'machine') =>
    findDecision(store.pool, { ...ofGroup(), machine: 'a', reason: 'updates-disabled', refusedBy, at });
  await pause();
  await fleet.setPolicy({ updatesEnabled: false });
  expect(await decision('pause')).toMatchObject({ kind: 'GroupPaused', cause: 'a fire' });
  expect(await decision('policy')).toMatchObject({ kind: 'GroupPolicySet' });
  expect(await decision()).toMatchObject({ kind: 'GroupPolicySet' });
  expect(await decision('machine')).toBeUndefined();
});

describe('the migration', () => {
  const migration = () => readFile(join(migrationsFolder, '0061_group_stop.sql'), 'utf8');
  /** As a version before stops left the catalog: it wrote the policy's switch, and the change that cleared it. */
  async function clearAsBefore(kind: 'GroupPaused' | 'GroupPolicySet'): Promise<void> {
    await store.pool.query('drop table group_stop, group_stop_unlogged');
    await store.pool.query(
      `update update_group set policy = jsonb_set(policy, '{updatesEnabled}', 'false') where id = $1`,
      [fleet.group],
    );
    await store.pool.query(
      `insert into catalog_change (revision, number, at, actor, kind, application, update_group, machine, subject, cause, before, after)
       select 1000, 0, 77, 'ada', $2, application, id, '', id::text, 'a fire',
         jsonb_build_object('policy', jsonb_set(policy, '{updatesEnabled}', 'true')), jsonb_build_object('policy', policy)
       from update_group where id = $1`,
      [fleet.group, kind],
    );
  }

  it('makes a stop of a pause, and its resume lets the policy take updates again', async () => {
    const { rows } = await store.pool.query('select revision from catalog_revision');
    await clearAsBefore('GroupPaused');
    await store.pool.query(await migration());
    expect(await view()).toMatchObject({
      policy: { updatesEnabled: false },
      stop: { actor: { kind: 'person', name: 'ada' }, at: 77, note: 'a fire', switchesOn: true },
    });
    expect((await readSnapshot(store, fleet.application))?.revision).toBe(Number(rows[0].revision) + 1);
    expect((await ask('a'))?.inputs).toMatchObject({ refusedBy: 'pause', note: 'a fire' });
    await resume();
    expect(await view()).toMatchObject({ policy: { updatesEnabled: true }, stop: null });
    expect((await ask('a'))?.reason).toBe('granted');
  });

  it('leaves a group alone whose policy was edited', async () => {
    await clearAsBefore('GroupPolicySet');
    await store.pool.query(await migration());
    expect(await view()).toMatchObject({ policy: { updatesEnabled: false }, stop: null });
    expect((await ask('a'))?.inputs.refusedBy).toBe('policy');
  });
});
