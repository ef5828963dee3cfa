import type { Fact } from '@platte/facts';
import type { AskedMachine } from '@platte/rollout';
import { beforeEach, describe, expect, it } from 'vitest';
import { useFreshStore } from '../test/fresh-store.js';
import { type BatchOutcome, grantBatch, type GrantContext } from './grant-batch.js';
import { relayOutbox } from './outbox.js';
import { foldFacts } from './fold-facts.js';
import { makeInstanceCache } from './instance-cache.js';
import { makeGrantContext, makeSampleFleet, type SampleFleet } from '../test/sample-fleet.js';
import type { Store } from './store.js';

const hourMs = 3_600_000;
let store: Store;
let offsetMs = 0;
let context: GrantContext;

useFreshStore((opened) => (store = opened), { clockOffsetMs: () => offsetMs });

beforeEach(async () => {
  offsetMs = 0;
  context = makeGrantContext();
  await relayOutbox(store, async () => {});
});

const decide = (fleet: SampleFleet, ...asked: AskedMachine[]): Promise<BatchOutcome> =>
  grantBatch(store, context, fleet.group, asked);
const reasonsOf = (outcome: BatchOutcome) => outcome.decisions.map(({ answer }) => answer.reason);
const reasons = async (fleet: SampleFleet, ...asked: AskedMachine[]) => reasonsOf(await decide(fleet, ...asked));

async function facts(): Promise<Fact[]> {
  const relayed: Fact[] = [];
  await relayOutbox(store, async (batch) => void relayed.push(...batch));
  return relayed;
}

async function countersOf({ group }: SampleFleet) {
  const { rows } = await store.pool.query(
    'select seq, open_leases as "openLeases" from grant_counter where update_group = $1',
    [group],
  );
  return rows[0];
}

const installed = (n: number) => [{ n, type: 3, result: 1, errorCode: '', previousVersion: '' }];
const failure = { n: 0, type: 3, result: 0, errorCode: '9', previousVersion: '' };

describe('a batch', () => {
  it('grants, with the package, and writes the grant as a fact', async () => {
    const fleet = await makeSampleFleet(store);
    await facts();
    const asked = fleet.ask('m1', { oem: 'azure' });
    const { decisions } = await decide(fleet, asked);
    expect(decisions).toMatchObject([
      {
        answer: { reason: 'granted', inputs: { target: '2.0.0' } },
        offer: { id: fleet.packages.two, version: '2.0.0' },
      },
    ]);
    const [grant] = await facts();
    expect(grant).toMatchObject({
      kind: 'UpdateGranted',
      machine: 'm1',
      oem: 'azure',
      version: '1.0.0',
      toVersion: '2.0.0',
      number: 1,
      attempt: { at: asked.at, n: asked.n },
      channel: fleet.channel,
      forced: false,
    });
  });

  it('offers the same again to a machine that asks again, and counts no second grant', async () => {
    const fleet = await makeSampleFleet(store, { rateLimit: { max: 1, periodMs: hourMs } });
    const first = await decide(fleet, fleet.ask('m1'));
    const again = await decide(fleet, fleet.ask('m1'));
    expect(reasonsOf(again)).toEqual(['re-offered']);
    expect(again.decisions[0]?.answer.inputs.deadline).toBe(first.decisions[0]?.answer.inputs.deadline);
    expect(again.decisions[0]?.offer?.version).toBe('2.0.0');
    expect(await countersOf(fleet)).toEqual({ seq: 1, openLeases: 1 });
  });

  it('shares the rate limit, and says when the window frees', async () => {
    const fleet = await makeSampleFleet(store, { rateLimit: { max: 2, periodMs: hourMs }, concurrencyLimit: 100 });
    const before = fleet.now();
    const { decisions, after } = await decide(fleet, fleet.ask('a'), fleet.ask('b'), fleet.ask('c'));
    expect(decisions.map(({ answer }) => answer.reason)).toEqual(['granted', 'granted', 'rate-limited']);
    expect(decisions[2]?.answer.until).toBeGreaterThanOrEqual(before + hourMs);
    expect(after?.ledger).toMatchObject({ seq: 2, used: 2, openLeases: 2 });
  });

  it('counts in a true sliding window', async () => {
    const fleet = await makeSampleFleet(store, { rateLimit: { max: 2, periodMs: hourMs }, concurrencyLimit: 100 });
    expect(await reasons(fleet, fleet.ask('a'))).toEqual(['granted']);
    offsetMs = hourMs / 2;
    expect(await reasons(fleet, fleet.ask('b'), fleet.ask('c'))).toEqual(['granted', 'rate-limited']);
    // The first grant has left the window, the second has not.
    offsetMs = hourMs + 1000;
    expect(await reasons(fleet, fleet.ask('c'), fleet.ask('d'))).toEqual(['granted', 'rate-limited']);
  });

  it('judges by the catalog under the lock when its own is older', async () => {
    const fleet = await makeSampleFleet(store);
    expect(await reasons(fleet, fleet.ask('a'))).toEqual(['granted']);
    await fleet.run({ kind: 'PauseGroup', application: fleet.application, group: fleet.group });
    expect(await reasons(fleet, fleet.ask('a'), fleet.ask('b'))).toEqual(['updates-disabled', 'updates-disabled']);
    await fleet.run({ kind: 'ResumeGroup', application: fleet.application, group: fleet.group });
    expect(await reasons(fleet, fleet.ask('a'), fleet.ask('b'))).toEqual(['re-offered', 'granted']);
  });

  it('takes a limit that was lowered at once', async () => {
    const fleet = await makeSampleFleet(store, { rateLimit: { max: 5, periodMs: hourMs } });
    await decide(fleet, fleet.ask('a'), fleet.ask('b'));
    await fleet.setPolicy({ rateLimit: { max: 2, periodMs: hourMs } });
    expect(await reasons(fleet, fleet.ask('c'))).toEqual(['rate-limited']);
    await fleet.setPolicy({ rateLimit: { max: 2, periodMs: 1000 } });
    offsetMs = 2000;
    expect(await reasons(fleet, fleet.ask('c'))).toEqual(['concurrency-limited']);
  });

  it('answers for a group that is gone', async () => {
    const fleet = await makeSampleFleet(store);
    expect(reasonsOf(await grantBatch(store, context, fleet.packages.one, [fleet.ask('a')]))).toEqual([
      'unknown-group',
    ]);
  });

  it('keeps the version of an open lease when the channel moves on', async () => {
    const fleet = await makeSampleFleet(store);
    await decide(fleet, fleet.ask('a'));
    const three = {
      kind: 'CreatePackage',
      application: fleet.application,
      version: '3.0.0',
      arch: 'amd64',
      type: 'other',
      url: 'https://example.org/',
      filename: 'f',
      size: 1,
    } as const;
    const id = '00000000-0000-4000-8000-00000000dead';
    await fleet.run({ ...three, id });
    await fleet.run({ kind: 'AssignPackage', application: fleet.application, channel: fleet.channel, package: id });
    const { decisions } = await decide(fleet, fleet.ask('a'), fleet.ask('b'));
    expect(decisions.map(({ offer }) => offer?.version)).toEqual(['2.0.0', '3.0.0']);
  });
});

it('offers no halted version again when the next rollout starts', async () => {
  const fleet = await makeSampleFleet(store, { concurrencyLimit: 1 });
  const { application, group, channel } = fleet;
  await decide(fleet, fleet.ask('a'));
  await fleet.run({ kind: 'HaltRollout', application, group });
  await facts();
  await fleet.run({ kind: 'AssignPackage', application, channel, package: fleet.packages.one });
  expect((await facts()).map(({ kind }) => kind)).toContain('LeaseEnded');
  expect(await countersOf(fleet)).toEqual({ seq: 1, openLeases: 0 });
  expect(await reasons(fleet, fleet.ask('a', { version: '0.9.0' }))).toEqual(['granted']);
});

describe('the events of an asking machine', () => {
  it('end its attempt before it is decided: a failure backs off', async () => {
    const fleet = await makeSampleFleet(store);
    await decide(fleet, fleet.ask('a'));
    await facts();
    const { decisions, freed } = await decide(fleet, fleet.ask('a', { events: [{ ...failure, n: fleet.ask('a').n }] }));
    expect(decisions[0]?.answer).toMatchObject({ reason: 'backing-off', inputs: { failures: 1 } });
    expect(freed).toEqual([fleet.group]);
    expect(await facts()).toMatchObject([
      {
        kind: 'LeaseEnded',
        outcome: 'failed',
        cause: 'event 3/0, error 9: the payload could not be downloaded (network, or an HTTP error)',
      },
    ]);
    expect(await countersOf(fleet)).toEqual({ seq: 1, openLeases: 0 });
  });

  it('hold a machine that rolled back', async () => {
    const fleet = await makeSampleFleet(store);
    await decide(fleet, fleet.ask('a'));
    const events = [{ ...failure, n: fleet.ask('a').n, errorCode: '44' }];
    expect(await reasons(fleet, fleet.ask('a', { events }))).toEqual(['rolled-back']);
    expect(await reasons(fleet, fleet.ask('a'))).toEqual(['rolled-back']);
    await fleet.run({ kind: 'ForgiveFailures', application: fleet.application, machine: 'a' });
    expect(await reasons(fleet, fleet.ask('a'))).toEqual(['granted']);
  });

  it('halt the rollout in safe mode before the next machine is decided', async () => {
    const fleet = await makeSampleFleet(store, { safeMode: true });
    expect(await reasons(fleet, fleet.ask('a'), fleet.ask('b'))).toEqual(['granted', 'safe-mode-probing']);
    await facts();
    const events = [{ ...failure, n: fleet.ask('a').n }];
    expect(await reasons(fleet, fleet.ask('a', { events }), fleet.ask('b'))).toEqual([
      'rollout-halted',
      'rollout-halted',
    ]);
    expect((await facts()).map(({ kind }) => kind)).toEqual(['LeaseEnded', 'RolloutHalted']);
    expect(await reasons(fleet, fleet.ask('b'))).toEqual(['rollout-halted']);
  });

  it('of an earlier attempt change nothing', async () => {
    const fleet = await makeSampleFleet(store);
    const opening = fleet.ask('a');
    await decide(fleet, opening);
    const events = [{ ...failure, n: opening.n }];
    expect(await reasons(fleet, fleet.ask('a', { at: opening.at - 1, events }))).toEqual(['re-offered']);
  });
});

describe('an attempt', () => {
  it('is completed by the reported version, and a floor’s next step is granted at once', async () => {
    const fleet = await makeSampleFleet(store, { concurrencyLimit: 1 });
    await fleet.run({
      kind: 'CreatePackage',
      application: fleet.application,
      version: '1.5.0',
      arch: 'amd64',
      type: 'other',
      url: 'https://example.org/',
      filename: 'f',
      size: 1,
      id: '00000000-0000-4000-8000-0000000f1007',
    });
    await fleet.run({
      kind: 'SetFloor',
      application: fleet.application,
      channel: fleet.channel,
      package: '00000000-0000-4000-8000-0000000f1007',
    });
    const first = await decide(fleet, fleet.ask('a'));
    expect(first.decisions[0]?.offer?.version).toBe('1.5.0');
    const second = await decide(fleet, fleet.ask('a', { version: '1.5.0' }));
    expect(second.decisions[0]).toMatchObject({ answer: { reason: 'granted' }, offer: { version: '2.0.0' } });
    expect(await countersOf(fleet)).toEqual({ seq: 2, openLeases: 1 });
  });

  it('in another group is cancelled first, under both groups’ locks', async () => {
    const fleet = await makeSampleFleet(store, { concurrencyLimit: 1 });
    const other = '00000000-0000-4000-8000-0000000000a0';
    await fleet.run({
      kind: 'CreateGroup',
      application: fleet.application,
      id: other,
      name: 'Other',
      track: 'other',
      channel: fleet.channel,
      policy: { concurrencyLimit: 1 },
    });
    await decide(fleet, fleet.ask('a'));
    await facts();
    const moved = await grantBatch(store, context, other, [fleet.ask('a', { group: other })]);
    expect(reasonsOf(moved)).toEqual(['granted']);
    expect(moved.freed).toEqual([fleet.group]);
    expect(await facts()).toMatchObject([
      { kind: 'LeaseEnded', outcome: 'cancelled', group: fleet.group, cause: 'asked in another group' },
      { kind: 'UpdateGranted', group: other },
    ]);
    expect(await countersOf(fleet)).toEqual({ seq: 1, openLeases: 0 });
    expect(await reasons(fleet, fleet.ask('b'))).toEqual(['granted']);
  });

  it('whose install was lost takes a slot again, in no rate limit, and can be installed again', async () => {
    const fleet = await makeSampleFleet(store, { rateLimit: { max: 1, periodMs: hourMs }, concurrencyLimit: 1 });
    await decide(fleet, fleet.ask('a'));
    const lost = await decide(fleet, fleet.ask('a', { events: installed(fleet.ask('a').n) }));
    expect(reasonsOf(lost)).toEqual(['re-offered']);
    expect(await countersOf(fleet)).toEqual({ seq: 1, openLeases: 1 });
    const again = await decide(fleet, fleet.ask('a', { version: '2.0.0', events: installed(fleet.ask('a').n) }));
    expect(reasonsOf(again)).toEqual(['up-to-date']);
    expect(await countersOf(fleet)).toEqual({ seq: 1, openLeases: 0 });
  });

  it('that waits for its reboot is cancelled with its group, which has no open lease', async () => {
    const fleet = await makeSampleFleet(store);
    const { application, group } = fleet;
    await decide(fleet, fleet.ask('a'), fleet.ask('b'));
    await expect(fleet.run({ kind: 'DeleteGroup', application, group })).rejects.toThrow(
      '2 machines of the group are updating',
    );
    await foldFacts(store, { ...context, instances: makeInstanceCache(10) }, [fleet.report('a')]);
    await decide(fleet, fleet.ask('b', { events: [{ ...failure, n: fleet.ask('b').n }] }));
    await facts();
    await fleet.run({ kind: 'DeleteGroup', application, group });
    expect((await facts()).filter(({ kind }) => kind === 'LeaseEnded')).toMatchObject([
      { machine: 'a', group, outcome: 'cancelled', cause: 'person ada deleted the group' },
    ]);
  });

  it('is deleted with its machine, and its slot is free', async () => {
    const fleet = await makeSampleFleet(store, { concurrencyLimit: 1 });
    await decide(fleet, fleet.ask('a'));
    await fleet.run({ kind: 'DeleteMachine', application: fleet.application, machine: 'a' });
    expect(await countersOf(fleet)).toEqual({ seq: 1, openLeases: 0 });
    expect(await reasons(fleet, fleet.ask('b'))).toEqual(['granted']);
  });
});

describe('a force', () => {
  const frozen = { freezes: [{ from: '2000-01-01', to: '2100-01-01', note: '' }] };

  it('is used up by its first grant', async () => {
    const fleet = await makeSampleFleet(store, frozen);
    await fleet.run({ kind: 'ForceMachine', application: fleet.application, machine: 'a' });
    const forced = await decide(fleet, fleet.ask('a'), fleet.ask('b'));
    expect(reasonsOf(forced)).toEqual(['granted', 'frozen']);
    expect((await facts()).find(({ kind }) => kind === 'UpdateGranted')).toMatchObject({ machine: 'a', forced: true });
    expect(await reasons(fleet, fleet.ask('a'))).toEqual(['frozen']);
  });

  it('lapses', async () => {
    const fleet = await makeSampleFleet(store, frozen);
    await fleet.run({ kind: 'ForceMachine', application: fleet.application, machine: 'a' });
    offsetMs = 25 * hourMs;
    expect(await reasons(fleet, fleet.ask('a'))).toEqual(['frozen']);
  });
});

it('keeps two batches of one machine from opening two attempts', async () => {
  const fleet = await makeSampleFleet(store);
  const outcomes = await Promise.all(Array.from({ length: 8 }, () => decide(fleet, fleet.ask('a'))));
  expect(outcomes.flatMap(reasonsOf).toSorted()).toEqual(['granted', ...Array<string>(7).fill('re-offered')]);
});
