// Somebody else keeps one group's row locked, as a forgotten psql session does: that group waits, and nothing else.
import type { Fact } from '@platte/facts';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { makeGrantContext, makeSampleFleet, type SampleFleet } from '../test/sample-fleet.js';
import { foldFacts } from './fold-facts.js';
import { type FreshDatabase, makeFreshDatabase } from './fresh-database.js';
import { grantBatch, type GrantContext } from './grant-batch.js';
import { makeInstanceCache } from './instance-cache.js';
import { describeHolders, findRowHolders } from './lock-holders.js';
import { relayOutbox } from './outbox.js';
import { closeStore, openStore, type Store } from './store.js';
import { GroupLocked } from './stuck-groups.js';
import { sweepLeases } from './sweep-leases.js';
import type { Client } from './transaction.js';

const hourMs = 3_600_000;
let database: FreshDatabase;
let store: Store;
let context: GrantContext;
let offsetMs = 0;
let foreign: Client;

beforeEach(async () => {
  database = await makeFreshDatabase(inject('postgresUrl'));
  // One connection for all that check-ins wait for: who waits on it stops everybody.
  store = openStore({ url: database.url, hotMax: 1, hotLockWaitMs: 50, clockOffsetMs: () => offsetMs });
  offsetMs = 0;
  context = makeGrantContext();
  foreign = await store.pool.connect();
});
afterEach(async () => {
  await foreign.query('rollback');
  foreign.release();
  await closeStore(store);
  await database.drop();
});

async function lock(text: string, values: unknown[] = []): Promise<void> {
  await foreign.query('begin');
  await foreign.query('set local idle_in_transaction_session_timeout = 0');
  await foreign.query(text, values);
}
const lockGroup = ({ group }: SampleFleet) => lock('select from update_group where id = $1 for update', [group]);

const grant = async (fleet: SampleFleet, ...machines: string[]) =>
  (
    await grantBatch(
      store,
      context,
      fleet.group,
      machines.map((machine) => fleet.ask(machine)),
    )
  ).decisions.map(({ answer }) => answer.reason);
const fold = (...facts: Fact[]) => foldFacts(store, { ...context, instances: makeInstanceCache(10) }, facts);
const sweep = () => sweepLeases(store, { ...context, until: Number.MAX_SAFE_INTEGER });

async function ends(): Promise<string[]> {
  const relayed: Fact[] = [];
  await relayOutbox(store, async (batch) => void relayed.push(...batch));
  return relayed.flatMap((fact) => (fact.kind === 'LeaseEnded' ? [`${fact.machine} ${fact.outcome}`] : []));
}
const arrived = { version: '2.0.0', answer: { reason: 'up-to-date', inputs: {} } } as const;

it('a locked group grants nothing, and the next one grants on the same connection', async () => {
  const [locked, free] = [await makeSampleFleet(store), await makeSampleFleet(store)];
  await lockGroup(locked);
  await expect(grant(locked, 'a')).rejects.toThrow(GroupLocked);
  expect(await grant(free, 'b')).toEqual(['granted']);
  expect(store.stuck.all()).toEqual([locked.group]);
  await foreign.query('rollback');
  expect(await grant(locked, 'a')).toEqual(['granted']);
  expect(store.stuck.all()).toEqual([]);
});

it('the lock of a group that is known to be locked is tried and not waited for', async () => {
  const patient = openStore({ url: database.url, hotMax: 1, hotLockWaitMs: 60_000 });
  const locked = await makeSampleFleet(patient);
  await lockGroup(locked);
  patient.stuck.note([locked.group]);
  await expect(grantBatch(patient, context, locked.group, [locked.ask('a')])).rejects.toThrow(GroupLocked);
  await closeStore(patient);
});

it('a batch of the log is folded but for the locked group, whose facts are folded once the lock is free', async () => {
  const [locked, free] = [await makeSampleFleet(store), await makeSampleFleet(store)];
  await grant(locked, 'a');
  await grant(free, 'b');
  await lockGroup(locked);
  const folded = await fold(locked.checkIn('a', arrived), free.checkIn('b', arrived));
  expect([folded.freed, folded.locked.map(({ groups }) => groups)]).toEqual([[free.group], [[locked.group]]]);
  expect(await ends()).toEqual(['b complete']);
  expect((await sweep()).locked.map(({ groups }) => groups)).toEqual([[locked.group]]);
  await foreign.query('rollback');
  expect((await sweep()).freed).toEqual([locked.group]);
  expect(await ends()).toEqual(['a complete']);
  expect(await sweep()).toMatchObject({ ended: 0, freed: [], locked: [] });
});

it('a lease in the locked group does not time out before what was put aside is folded; others time out meanwhile', async () => {
  const [locked, free] = [await makeSampleFleet(store), await makeSampleFleet(store)];
  await grant(locked, 'a');
  await grant(free, 'b');
  await lockGroup(locked);
  await fold(locked.checkIn('a', arrived));
  offsetMs = 2 * hourMs;
  expect((await sweep()).ended).toBe(1);
  expect(await ends()).toEqual(['b timed-out']);
  await foreign.query('rollback');
  await sweep();
  expect(await ends()).toEqual(['a complete']);
});

it('a machine with a lease in the locked group is refused in another one, and the others there are granted', async () => {
  const locked = await makeSampleFleet(store);
  const [application, channel, group] = [locked.application, crypto.randomUUID(), crypto.randomUUID()];
  const { packages } = locked;
  await locked.run({
    kind: 'CreateChannel',
    application,
    id: channel,
    name: 'beta',
    arch: 'amd64',
    package: packages.two,
  });
  await locked.run({ kind: 'CreateGroup', application, id: group, name: 'Beta', track: 'beta', channel });
  const beta = { ...locked, group };
  await grant(locked, 'a');
  await lockGroup(locked);
  expect(await grant(beta, 'b', 'a', 'c')).toEqual(['granted', 'policy-unavailable', 'granted']);
  await foreign.query('rollback');
  expect(await grant(beta, 'a')).toEqual(['re-offered']);
});

it('a lock on the catalog’s revision stops neither grants nor folding', async () => {
  const fleet = await makeSampleFleet(store);
  await lock('select from catalog_revision for update');
  expect(await grant(fleet, 'a')).toEqual(['granted']);
  expect((await fold(fleet.checkIn('a', arrived))).freed).toEqual([fleet.group]);
});

it('the holder of the lock is named', async () => {
  const fleet = await makeSampleFleet(store);
  await lockGroup(fleet);
  const { rows } = await foreign.query<{ pid: number }>('select pg_backend_pid() as pid');
  const holders = await findRowHolders(store.pool, { of: 'group', id: fleet.group });
  expect(holders).toMatchObject([{ pid: rows[0]?.pid, application: 'platte', state: 'idle in transaction' }]);
  expect(describeHolders(holders)).toMatch(
    /^connection \d+ of PostgreSQL \(platte, user \S+, idle in transaction for 0 s\)$/,
  );
  await foreign.query('rollback');
  expect(await findRowHolders(store.pool, { of: 'group', id: fleet.group })).toEqual([]);
});
