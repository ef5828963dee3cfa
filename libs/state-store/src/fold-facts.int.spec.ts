import type { AnswerReason, Fact } from '@platte/facts';
import type { AskedMachine, Policy } from '@platte/rollout';
import { beforeEach, describe, expect, it } from 'vitest';
import { useFreshStore } from '../test/fresh-store.js';
import { foldFacts, type FoldFactsContext } from './fold-facts.js';
import { grantBatch, type GrantContext } from './grant-batch.js';
import { makeInstanceCache } from './instance-cache.js';
import { findAttempt } from './machine-reads.js';
import { relayOutbox } from './outbox.js';
import { makeGrantContext, makeSampleFleet, type SampleFleet } from '../test/sample-fleet.js';
import type { Store } from './store.js';
import { sweepLeases } from './sweep-leases.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
let store: Store;
let offsetMs = 0;
let context: GrantContext & FoldFactsContext;
let fleet: SampleFleet;

useFreshStore((opened) => (store = opened), { clockOffsetMs: () => offsetMs });

async function start(policy: Partial<Policy> = {}): Promise<void> {
  fleet = await makeSampleFleet(store, policy);
  await relayed();
}

beforeEach(async () => {
  offsetMs = 0;
  // Sweeping is of all groups: what tests before left open would be swept too.
  await store.pool.query('truncate attempt, outbox');
  context = { ...makeGrantContext(), instances: makeInstanceCache(1000) };
  await start();
});

const fold = (...facts: Fact[]) => foldFacts(store, context, facts);
const sweep = (until = Number.MAX_SAFE_INTEGER) => sweepLeases(store, { ...context, until });
const attemptOf = (machine: string) => findAttempt(store.pool, fleet.application, machine);
const answered = (reason: AnswerReason) => ({ answer: { reason, inputs: {} } });

async function decide(...asked: (string | AskedMachine)[]) {
  const machines = asked.map((one) => (typeof one === 'string' ? fleet.ask(one) : one));
  const { decisions } = await grantBatch(store, context, fleet.group, machines);
  return decisions.map(({ answer }) => answer.reason);
}

async function relayed(): Promise<Fact[]> {
  const facts: Fact[] = [];
  await relayOutbox(store, async (batch) => void facts.push(...batch));
  return facts;
}

const endsOf = (facts: Fact[]) => facts.flatMap((fact) => (fact.kind === 'LeaseEnded' ? [fact.outcome] : [fact.kind]));
const ends = async () => endsOf(await relayed()).filter((kind) => kind !== 'UpdateGranted');

async function openLeases(): Promise<number | undefined> {
  const { rows } = await store.pool.query<{ n: number }>(
    'select open_leases as n from grant_counter where update_group = $1',
    [fleet.group],
  );
  return rows[0]?.n;
}

async function instanceOf(machine: string) {
  const { rows } = await store.pool.query(
    'select version, status, ip, alias, seen_at as "seenAt" from instance where application = $1 and machine = $2',
    [fleet.application, machine],
  );
  return rows[0];
}

describe('what the log tells of an attempt', () => {
  it('advances and completes it, each step once', async () => {
    await decide('a');
    const events = [fleet.report('a', { type: 13 }), fleet.report('a', { type: 14 }), fleet.report('a', { type: 3 })];
    await fold(...events.slice(0, 2));
    expect(await attemptOf('a')).toMatchObject({
      stage: 'leased',
      downloadingAt: events[0]?.at,
      downloadedAt: events[1]?.at,
    });
    await fold(...events);
    expect(await attemptOf('a')).toMatchObject({ stage: 'installed' });
    expect(await openLeases()).toBe(0);
    const rebooted = [
      fleet.report('a', { result: 2, previousVersion: '1.0.0', version: '2.0.0' }),
      fleet.checkIn('a', { version: '2.0.0', ...answered('up-to-date') }),
    ];
    await fold(...rebooted);
    await fold(...events, ...rebooted);
    expect(await attemptOf('a')).toMatchObject({ stage: 'ended', outcome: 'complete' });
    expect(await ends()).toEqual(['installed', 'complete']);
    expect(await openLeases()).toBe(0);
  });

  it('is the same when it was folded by the decision before', async () => {
    await decide('a');
    const failed = fleet.report('a', { result: 0, errorCode: '9' });
    const { at, n, type, result, errorCode, previousVersion } = failed;
    await decide(fleet.ask('a', { at, events: [{ n, type, result, errorCode, previousVersion }] }));
    await fold(failed);
    expect(await ends()).toEqual(['failed']);
  });

  it('announces a freed slot once', async () => {
    await decide('a');
    const failed = fleet.report('a', { result: 0, errorCode: '9' });
    expect((await fold(failed)).freed).toEqual([fleet.group]);
    expect((await fold(failed)).freed).toEqual([]);
  });

  it('is nothing when it is older than the attempt', async () => {
    const late = fleet.report('a', { result: 0, errorCode: '9' });
    await decide('a');
    await fold(late);
    expect(await attemptOf('a')).toMatchObject({ stage: 'leased' });
  });

  it('ends it once, when the success is delivered before the failure', async () => {
    await decide('a');
    const failed = fleet.report('a', { result: 0, errorCode: '9' });
    await fold(fleet.checkIn('a', { version: '2.0.0', ...answered('up-to-date') }));
    await fold(failed);
    expect(await ends()).toEqual(['complete']);
  });

  it('holds a machine whose rollback is told after its lease timed out', async () => {
    await decide('a');
    offsetMs = hourMs + 1000;
    await sweep();
    await fold(fleet.report('a', { result: 0, errorCode: '44' }));
    offsetMs = 3 * dayMs;
    expect(await decide('a')).toEqual(['rolled-back']);
    expect(await ends()).toEqual(['timed-out']);
  });

  it('ends it as passed when the machine reports a higher version', async () => {
    await decide('a');
    await fold(fleet.checkIn('a', { version: '9.0.0', ...answered('ahead-of-channel') }));
    expect(await ends()).toEqual(['passed']);
  });

  it('cancels it when the machine asks in another group', async () => {
    await decide('a');
    await fold(fleet.checkIn('a', { group: fleet.packages.one, ...answered('up-to-date') }));
    expect(await ends()).toEqual(['cancelled']);
    expect(await openLeases()).toBe(0);
  });

  it('halts the rollout in safe mode at the first failure, whoever polls', async () => {
    await start({ safeMode: true });
    await decide('a');
    const { halted } = await fold(fleet.report('a', { result: 0, errorCode: '9' }));
    expect(halted).toEqual([fleet.group]);
    expect(await ends()).toEqual(['failed', 'RolloutHalted']);
    expect(await decide('b')).toEqual(['rollout-halted']);
  });
});

describe('a lease at its deadline', () => {
  it('times out, and its slot is free', async () => {
    await start({ concurrencyLimit: 1 });
    await decide('a');
    expect(await sweep()).toEqual({ ended: 0, freed: [], halted: [], locked: [], failed: [] });
    offsetMs = hourMs + 1000;
    expect(await sweep()).toMatchObject({ ended: 1, freed: [fleet.group] });
    expect(await sweep()).toMatchObject({ ended: 0 });
    expect(await ends()).toEqual(['timed-out']);
    expect(await decide('b')).toEqual(['granted']);
  });

  it('waits until what machines reported before it is folded', async () => {
    await decide('a');
    const before = fleet.now();
    offsetMs = hourMs + 1000;
    expect(await sweep(before)).toMatchObject({ ended: 0 });
    expect(await sweep()).toMatchObject({ ended: 1 });
  });

  it('is cancelled while updates are off', async () => {
    await decide('a');
    await fleet.run({ kind: 'PauseGroup', application: fleet.application, group: fleet.group });
    offsetMs = hourMs + 1000;
    await sweep();
    expect(await ends()).toEqual(['GroupPaused', 'cancelled']);
  });

  it('is cancelled while the rollout is paused, and a resumed safe rollout goes on', async () => {
    await start({ safeMode: true });
    await decide('a');
    const rollout = { application: fleet.application, group: fleet.group };
    await fleet.run({ kind: 'PauseRollout', ...rollout });
    offsetMs = hourMs + 1000;
    expect(await sweep()).toMatchObject({ ended: 1, halted: [] });
    await fleet.run({ kind: 'ResumeRollout', ...rollout });
    expect(await decide('b')).toEqual(['granted']);
  });

  it.each<AnswerReason>(['outside-window', 'frozen', 'policy-unavailable'])(
    'is cancelled when the machine was refused since: %s',
    async (reason) => {
      await decide('a');
      await fold(fleet.checkIn('a', answered('granted')));
      await fold(fleet.checkIn('a', answered(reason)));
      offsetMs = hourMs + 1000;
      await sweep();
      expect(await ends()).toEqual(['cancelled']);
    },
  );

  it('halts a safe rollout for good when it times out', async () => {
    await start({ safeMode: true });
    await decide('a');
    offsetMs = hourMs + 1000;
    expect(await sweep()).toMatchObject({ halted: [fleet.group] });
    offsetMs = 30 * dayMs;
    expect(await decide('b')).toEqual(['rollout-halted']);
  });
});

describe('an installed machine that waits for its reboot', () => {
  it('holds no slot and never times out', async () => {
    await start({ concurrencyLimit: 1 });
    await decide('a');
    await fold(fleet.report('a', { type: 800 }));
    expect(await decide('b')).toEqual(['granted']);
    offsetMs = 7 * dayMs;
    await sweep();
    expect(await attemptOf('a')).toMatchObject({ stage: 'settled', outcome: null });
  });

  it('blocks the next probe of safe mode for a day', async () => {
    await start({ safeMode: true });
    await decide('a');
    await fold(fleet.report('a'));
    expect(await decide('b')).toEqual(['safe-mode-probing']);
    offsetMs = dayMs + 1000;
    await sweep();
    expect(await decide('b')).toEqual(['granted']);
    await fold(fleet.checkIn('a', { version: '2.0.0', ...answered('up-to-date') }));
    expect(await decide('c')).toEqual(['granted']);
  });
});

describe('an instance row', () => {
  it('is made by any check-in or event of a known track', async () => {
    await fold(fleet.report('a', { type: 13 }));
    await fold(fleet.checkIn('b', { group: null }), fleet.checkIn('c', { alias: 'web-1' }));
    expect(await instanceOf('a')).toMatchObject({ version: '1.0.0', status: 'downloading' });
    expect(await instanceOf('b')).toBeUndefined();
    expect(await instanceOf('c')).toMatchObject({ alias: 'web-1', status: 'unknown' });
  });

  it('costs nothing when the check-in is idle', async () => {
    expect((await fold(fleet.checkIn('a', answered('up-to-date')))).written).toHaveLength(1);
    expect((await fold(fleet.checkIn('a', answered('up-to-date')))).written).toEqual([]);
    let queries = 0;
    const counted: Store = {
      ...store,
      hot: new Proxy(store.hot, {
        get: (pool, key) =>
          key === 'query' || key === 'connect'
            ? (++queries, Reflect.get(pool, key).bind(pool))
            : Reflect.get(pool, key),
      }),
    };
    await foldFacts(counted, context, [fleet.checkIn('a', answered('up-to-date')), fleet.checkIn('a')]);
    expect(queries).toBe(0);
  });

  it('is written when something that it says changes', async () => {
    await fold(fleet.checkIn('a', answered('up-to-date')));
    for (const change of [
      { ip: '10.0.0.2' },
      { ip: '10.0.0.2', alias: 'x' },
      { ip: '10.0.0.2', alias: 'x', version: '2.0.0' },
    ]) {
      expect((await fold(fleet.checkIn('a', { ...change, ...answered('up-to-date') }))).written).toHaveLength(1);
      expect(await instanceOf('a')).toMatchObject(change);
    }
  });

  it('has its last seen written once a day', async () => {
    await fold(fleet.checkIn('a', answered('up-to-date')));
    offsetMs = dayMs + 1000;
    const seen = fleet.checkIn('a', answered('up-to-date'));
    expect((await fold(seen)).written).toHaveLength(1);
    expect(await instanceOf('a')).toMatchObject({ seenAt: seen.at });
  });

  it('is the same in any order, from any number of replicas', async () => {
    const facts = [
      fleet.checkIn('a', answered('granted')),
      fleet.report('a', { type: 13 }),
      fleet.report('a', { type: 3, version: '1.0.0' }),
      fleet.checkIn('a', { version: '2.0.0', ip: '10.0.0.9', ...answered('up-to-date') }),
    ];
    for (const order of [
      [3, 0, 2, 1],
      [1, 3, 2, 0, 3],
    ]) {
      await store.pool.query('delete from instance where application = $1', [fleet.application]);
      for (const index of order) {
        const fact = facts[index];
        if (fact) await foldFacts(store, { ...context, instances: makeInstanceCache(10) }, [fact]);
      }
      expect(await instanceOf('a')).toMatchObject({ version: '2.0.0', ip: '10.0.0.9', status: 'complete' });
    }
  });

  it('shows a lease that timed out', async () => {
    await decide('a');
    await fold(fleet.checkIn('a', answered('granted')));
    offsetMs = hourMs + 1000;
    await sweep();
    await fold(...(await relayed()));
    expect(await instanceOf('a')).toMatchObject({ status: 'timed-out' });
  });

  it('shows a lease that timed out, although another replica writes the row meanwhile', async () => {
    const { instances } = context;
    await decide('a');
    await fold(fleet.checkIn('a', answered('granted')));
    offsetMs = hourMs + 1000;
    await sweep();
    const ends = await relayed();
    // The other replica's notice comes while this one folds what else is in the batch.
    const overtaken = withHot({
      query: (statement: { name?: string }) => {
        if (statement.name !== 'read-instances') instances.forget(`${fleet.application} a`);
        return store.hot.query(statement as never);
      },
    });
    await foldFacts(overtaken, context, [...ends, fleet.report('b', { type: 13 })]);
    expect(await instanceOf('a')).toMatchObject({ status: 'timed-out' });
  });

  it('does not take what it knows for the row that another replica made first', async () => {
    const first = fleet.checkIn('a', answered('rate-limited'));
    const second = fleet.checkIn('a', answered('granted'));
    const third = fleet.checkIn('a', answered('rate-limited'));
    const other = { ...context, instances: makeInstanceCache(10) };
    const slower = withHot({
      query: async (statement: { name?: string }) => {
        if (statement.name === 'insert-instances') await foldFacts(store, other, [second]);
        return store.hot.query(statement as never);
      },
    });
    await foldFacts(slower, context, [first]);
    await fold(third);
    expect(await instanceOf('a')).toMatchObject({ status: 'on-hold' });
  });
});

/** The same store, with a pool that does something more. */
function withHot(changes: object): Store {
  return { ...store, hot: Object.assign(Object.create(store.hot) as Store['hot'], changes) };
}
