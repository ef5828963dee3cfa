// What people change while machines are on their way: whoever has a lease keeps what it was promised, and nobody gets more.
import type { Fact } from '@platte/facts';
import type { AskedMachine } from '@platte/rollout';
import { beforeEach, expect, it } from 'vitest';
import { useFreshStore } from '../test/fresh-store.js';
import { makeGrantContext, makeSampleFleet, type SampleFleet } from '../test/sample-fleet.js';
import { foldFacts } from './fold-facts.js';
import { grantBatch, type GrantContext } from './grant-batch.js';
import { makeInstanceCache } from './instance-cache.js';
import { relayOutbox } from './outbox.js';
import type { Store } from './store.js';
import { sweepLeases } from './sweep-leases.js';

const hourMs = 3_600_000;
let store: Store;
let offsetMs = 0;
let context: GrantContext;

useFreshStore((opened) => (store = opened), { clockOffsetMs: () => offsetMs });

beforeEach(() => {
  offsetMs = 0;
  context = makeGrantContext();
});

async function decide(fleet: SampleFleet, ...asked: AskedMachine[]) {
  return (await grantBatch(store, context, fleet.group, asked)).decisions;
}
const reasons = async (fleet: SampleFleet, ...machines: string[]) =>
  (await decide(fleet, ...machines.map((machine) => fleet.ask(machine)))).map(({ answer }) => answer.reason);
const fold = (...facts: Fact[]) => foldFacts(store, { ...context, instances: makeInstanceCache(10) }, facts);

/** How attempts ended since the last look. */
async function ends({ application }: SampleFleet): Promise<string[]> {
  const relayed: Fact[] = [];
  await relayOutbox(store, async (batch) => void relayed.push(...batch));
  return relayed.flatMap((fact) =>
    fact.kind === 'LeaseEnded' && fact.app === application ? [`${fact.machine} ${fact.outcome}`] : [],
  );
}

const sweep = () => sweepLeases(store, { ...context, until: Number.MAX_SAFE_INTEGER });
const assign = ({ application, channel, run }: SampleFleet, pack: string) =>
  run({ kind: 'AssignPackage', application, channel, package: pack });

it('a concurrency limit below what is under way takes no lease away, and gives none until enough have ended', async () => {
  const fleet = await makeSampleFleet(store, { concurrencyLimit: 3 });
  expect(await reasons(fleet, 'a', 'b', 'c')).toEqual(['granted', 'granted', 'granted']);
  await fleet.setPolicy({ concurrencyLimit: 1 });
  const [again, refused] = await decide(fleet, fleet.ask('a'), fleet.ask('d'));
  expect(again?.answer.reason).toBe('re-offered');
  expect(refused?.answer).toMatchObject({ reason: 'concurrency-limited', inputs: { limit: 1, used: 3 } });
  await fold(fleet.report('a'), fleet.report('b'));
  expect(await reasons(fleet, 'd')).toEqual(['concurrency-limited']);
  await fold(fleet.report('c'));
  expect(await reasons(fleet, 'd')).toEqual(['granted']);
});

it('another update timeout is for leases that are given from then on', async () => {
  const fleet = await makeSampleFleet(store, { updateTimeoutMs: hourMs });
  const [first] = await decide(fleet, fleet.ask('a'));
  await fleet.setPolicy({ updateTimeoutMs: 2 * hourMs });
  const [again, second] = await decide(fleet, fleet.ask('a'), fleet.ask('b'));
  expect(again?.answer.inputs.deadline).toBe(first?.answer.inputs.deadline);
  expect(second?.answer.inputs.deadline).toBeGreaterThan((first?.answer.inputs.deadline ?? 0) + hourMs / 2);
  await ends(fleet);
  offsetMs = hourMs + 1000;
  await sweep();
  expect(await ends(fleet)).toEqual(['a timed-out']);
});

it('a downgrade is offered while it is allowed; one under way when that ends is refused, and then cancelled', async () => {
  const fleet = await makeSampleFleet(store, { allowDowngrade: true });
  const above = () => fleet.ask('a', { version: '3.0.0' });
  expect(await decide(fleet, above())).toMatchObject([{ answer: { reason: 'granted' }, offer: { version: '2.0.0' } }]);
  await fleet.setPolicy({ allowDowngrade: false });
  expect((await decide(fleet, above()))[0]?.answer.reason).toBe('ahead-of-channel');
  await fold(fleet.checkIn('a', { version: '3.0.0', answer: { reason: 'ahead-of-channel', inputs: {} } }));
  await ends(fleet);
  offsetMs = hourMs + 1000;
  await sweep();
  expect(await ends(fleet)).toEqual(['a cancelled']);
});

it('a channel that goes back leaves a machine the version that it was granted, and then above the channel', async () => {
  const fleet = await makeSampleFleet(store);
  const old = () => fleet.ask('a', { version: '0.9.0' });
  await decide(fleet, old());
  await assign(fleet, fleet.packages.one);
  const [again, other] = await decide(fleet, old(), fleet.ask('b', { version: '0.9.0' }));
  expect([again?.offer?.version, other?.offer?.version]).toEqual(['2.0.0', '1.0.0']);
  await ends(fleet);
  const [arrived] = await decide(fleet, fleet.ask('a', { version: '2.0.0' }));
  expect(arrived?.answer.reason).toBe('ahead-of-channel');
  expect(await ends(fleet)).toEqual(['a complete']);
});

it('a channel that comes back to a package starts another rollout of it, whose probe is its own', async () => {
  const fleet = await makeSampleFleet(store, { safeMode: true });
  await decide(fleet, fleet.ask('a'));
  await decide(fleet, fleet.ask('a', { version: '2.0.0' }));
  expect(await reasons(fleet, 'b', 'c')).toEqual(['granted', 'granted']);
  await assign(fleet, fleet.packages.one);
  await assign(fleet, fleet.packages.two);
  expect(await reasons(fleet, 'd', 'e')).toEqual(['granted', 'safe-mode-probing']);
});

it('a package that is edited is offered again as it is now', async () => {
  const fleet = await makeSampleFleet(store);
  await decide(fleet, fleet.ask('a'));
  const { application, packages } = fleet;
  await fleet.run({
    kind: 'EditPackage',
    application,
    package: packages.two,
    changes: { url: 'https://mirror.example.org/' },
  });
  const [again] = await decide(fleet, fleet.ask('a'));
  expect(again).toMatchObject({ answer: { reason: 're-offered' }, offer: { url: 'https://mirror.example.org/' } });
});

it('an application without reboots is done when it has installed: its slot and the next probe are free', async () => {
  const fleet = await makeSampleFleet(store, { safeMode: true });
  await fleet.run({ kind: 'EditApplication', application: fleet.application, changes: { reboots: false } });
  expect(await reasons(fleet, 'a', 'b')).toEqual(['granted', 'safe-mode-probing']);
  await ends(fleet);
  await fold(fleet.report('a', { reboots: false }));
  expect(await ends(fleet)).toEqual(['a complete']);
  expect(await reasons(fleet, 'b', 'c')).toEqual(['granted', 'granted']);
});

it('a hold is stronger than a force, and does not use it up', async () => {
  const fleet = await makeSampleFleet(store, { freezes: [{ from: '2000-01-01', to: '2100-01-01', note: '' }] });
  const { application, run } = fleet;
  await run({ kind: 'ForceMachine', application, machine: 'a' });
  await run({ kind: 'HoldMachine', application, machine: 'a', note: 'debugging' });
  expect((await decide(fleet, fleet.ask('a')))[0]?.answer).toMatchObject({
    reason: 'held',
    inputs: { note: 'debugging' },
  });
  await run({ kind: 'ReleaseMachine', application, machine: 'a' });
  expect(await reasons(fleet, 'a', 'b')).toEqual(['granted', 'frozen']);
});

it('a force is no way past a limit, and is kept for when there is room', async () => {
  const fleet = await makeSampleFleet(store, { rateLimit: { max: 1, periodMs: hourMs } });
  const { application, run } = fleet;
  await decide(fleet, fleet.ask('a'));
  await run({ kind: 'ForceMachine', application, machine: 'b' });
  // Ingress has heard of the force; this process has not.
  const forced = () => fleet.ask('b', { forced: true });
  expect((await decide(fleet, forced()))[0]?.answer.reason).toBe('rate-limited');
  offsetMs = hourMs + 1000;
  await sweep();
  await ends(fleet);
  const [granted] = await decide(fleet, forced());
  expect(granted?.answer.reason).toBe('granted');
  const { rows } = await store.pool.query('select from machine_force where application = $1', [application]);
  expect(rows).toEqual([]);
});
