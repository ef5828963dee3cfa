// Several machines under one id (a cloned image carries its machine id along): each has boots of its own, and often another
// version. One grant stands for both until the machine that was granted it is done; none ends it and makes the other ask anew.
import { randomUUID } from 'node:crypto';
import type { EventReported, Fact, MachineCheckedIn } from '@platte/facts';
import { bootMarkOf, type Policy } from '@platte/rollout';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { useFreshStore } from '../test/fresh-store.js';
import { makeGrantContext, makeSampleFleet, type SampleFleet } from '../test/sample-fleet.js';
import { foldFacts, type FoldFactsContext } from './fold-facts.js';
import { grantBatch, type GrantContext } from './grant-batch.js';
import { makeInstanceCache } from './instance-cache.js';
import { findAttempt } from './machine-reads.js';
import { relayOutbox } from './outbox.js';
import { recountLedger } from './recount.js';
import type { Store } from './store.js';
import { sweepLeases } from './sweep-leases.js';

const machine = 'cloned';
const installed = { type: 3, result: 1 };
let store: Store;
let context: GrantContext & FoldFactsContext;
let fleet: SampleFleet;

useFreshStore((opened) => (store = opened));
beforeEach(async () => {
  context = { ...makeGrantContext(), instances: makeInstanceCache(1000) };
  await start();
});

async function start(policy: Partial<Policy> = {}): Promise<void> {
  fleet = await makeSampleFleet(store, policy);
  await relayed();
}

async function relayed(): Promise<Fact[]> {
  const facts: Fact[] = [];
  await relayOutbox(store, async (batch) => void facts.push(...batch));
  return facts.filter(({ app }) => app === fleet.application);
}

const fold = (...facts: Fact[]) => foldFacts(store, context, facts);
const attemptNow = () => findAttempt(store.pool, fleet.application, machine);
let second = 0;
/** Each word of a machine is a second after the one before. */
const moment = () => ({ at: fleet.now() + ++second * 1000 });

/** A machine whose version is below the channel's asks: ingress asks policy, and the answer's fact comes by the log. */
async function asks(bootId: string, version = '1.0.0', id = machine): Promise<string | undefined> {
  const asked = fleet.ask(id, { boot: bootMarkOf(bootId), version, ...moment() });
  const { decisions } = await grantBatch(store, context, fleet.group, [asked]);
  const answer = decisions[0]?.answer;
  await fold(fleet.checkIn(id, { bootId, version, at: asked.at, n: asked.n, ...(answer && { answer }) }));
  return answer?.reason;
}

/** A machine that has the channel's version asks: ingress answers by itself. */
const hasIt = (bootId: string, changes: Partial<MachineCheckedIn> = {}) =>
  fold(
    fleet.checkIn(machine, {
      bootId,
      version: '2.0.0',
      answer: { reason: 'up-to-date', inputs: {} },
      ...moment(),
      ...changes,
    }),
  );
const reports = (bootId: string, changes: Partial<EventReported>) =>
  fold(fleet.report(machine, { bootId, ...moment(), ...changes }));

async function ledgerNow() {
  const { rows } = await store.pool.query<{ grants: number; open: number; succeeded: number; failed: number }>(
    `select c.seq::int as grants, c.open_leases as open, t.succeeded, t.failed + t.timed_out as failed
     from grant_counter c join rollout r on r.update_group = c.update_group join rollout_tally t on t.rollout = r.id
     where c.update_group = $1`,
    [fleet.group],
  );
  expect(await recountLedger(store)).toEqual([]);
  return rows[0];
}

describe('two machines of one id, of which one has the version', () => {
  it('have one grant, however often they ask in turns', async () => {
    const answers: (string | undefined)[] = [];
    for (let turn = 0; turn < 6; turn++) {
      answers.push(await asks('a'));
      await hasIt('b');
    }
    expect(answers).toEqual(['granted', 're-offered', 're-offered', 're-offered', 're-offered', 're-offered']);
    expect(await ledgerNow()).toEqual({ grants: 1, open: 1, succeeded: 0, failed: 0 });
    expect(await attemptNow()).toMatchObject({ stage: 'leased', cloned: true, boot: bootMarkOf('a') });
    // The first word of the other one ends the lease, since nobody can know better then; no later one does.
    const ends = (await relayed()).filter(({ kind }) => kind === 'LeaseEnded');
    expect(ends).toHaveLength(1);
  });

  it('have it both when the one that was granted it has installed it and rebooted', async () => {
    await asks('a');
    await hasIt('b');
    await asks('a');
    await reports('a', installed);
    await hasIt('b');
    expect(await attemptNow()).toMatchObject({ stage: 'installed' });
    await hasIt('a, rebooted');
    expect(await attemptNow()).toMatchObject({ stage: 'ended', outcome: 'complete' });
    expect(await ledgerNow()).toEqual({ grants: 1, open: 0, succeeded: 1, failed: 0 });
  });

  it('are no evidence for safe mode but once it is the granted one’s', async () => {
    await start({ safeMode: true });
    await asks('a');
    await hasIt('b');
    await asks('a');
    expect(await asks('', '1.0.0', 'other')).toBe('safe-mode-probing');
    await reports('a', installed);
    await hasIt('a, rebooted');
    expect(await asks('', '1.0.0', 'other')).toBe('granted');
  });

  it('pass no limit: what is repeated takes a slot again, and waits for one', async () => {
    await start({ concurrencyLimit: 1 });
    await asks('a');
    await hasIt('b');
    expect(await asks('', '1.0.0', 'other')).toBe('granted');
    expect(await asks('a')).toBe('concurrency-limited');
    expect(await ledgerNow()).toMatchObject({ grants: 2, open: 1 });
  });

  it('end by their deadline as cancelled: nobody knows whose success was taken for whose', async () => {
    await start({ safeMode: true });
    await asks('a');
    await hasIt('b');
    await asks('a');
    await store.pool.query('update attempt set due_at = 1 where application = $1', [fleet.application]);
    const { halted } = await sweepLeases(store, { ...context, until: Number.MAX_SAFE_INTEGER });
    expect(halted).toEqual([]);
    expect(await attemptNow()).toMatchObject({ outcome: 'cancelled' });
  });

  it('are known from the attempt before', async () => {
    await asks('a');
    await hasIt('b');
    await asks('a');
    await reports('a', { type: 3, result: 0, errorCode: '9' });
    await store.pool.query('delete from machine_failure');
    expect(await asks('a')).toBe('granted');
    await hasIt('b');
    expect(await attemptNow()).toMatchObject({ stage: 'leased' });
  });

  it('are found by their versions where they share a boot, as copies of a running machine do', async () => {
    for (let turn = 0; turn < 3; turn++) {
      await asks('same');
      await hasIt('same');
    }
    expect(await ledgerNow()).toEqual({ grants: 1, open: 1, succeeded: 0, failed: 0 });
    await reports('same', installed);
    await hasIt('a, rebooted');
    expect(await ledgerNow()).toEqual({ grants: 1, open: 0, succeeded: 1, failed: 0 });
  });
});

describe('two machines of one id, of which neither has the version', () => {
  it('are offered one grant, and each has it in the end', async () => {
    expect(await asks('a')).toBe('granted');
    expect(await asks('b')).toBe('re-offered');
    expect(await asks('a')).toBe('re-offered');
    expect(await attemptNow()).toMatchObject({ cloned: true });
    await reports('b', installed);
    await hasIt('b, rebooted');
    expect(await ledgerNow()).toMatchObject({ grants: 1, succeeded: 1 });
    expect(await asks('a')).toBe('granted');
    await hasIt('b, rebooted');
    expect(await attemptNow()).toMatchObject({ stage: 'leased' });
    await reports('a', installed);
    await hasIt('a, rebooted');
    expect(await ledgerNow()).toEqual({ grants: 2, open: 0, succeeded: 2, failed: 0 });
  });

  it('fail each for itself', async () => {
    await asks('a');
    await asks('b');
    await asks('a');
    await reports('a', { type: 3, result: 0, errorCode: '9' });
    expect(await attemptNow()).toMatchObject({ stage: 'leased' });
    await reports('b', { type: 3, result: 0, errorCode: '9' });
    expect(await attemptNow()).toMatchObject({ outcome: 'failed' });
  });
});

describe('two machines of one id in two groups', () => {
  const inBeta = async (bootId: string, beta: string) => {
    const asked = fleet.ask(machine, { boot: bootMarkOf(bootId), group: beta, ...moment() });
    const { decisions } = await grantBatch(store, context, beta, [asked]);
    const answer = decisions[0]?.answer;
    await fold(fleet.checkIn(machine, { bootId, group: beta, at: asked.at, n: asked.n, ...(answer && { answer }) }));
    return answer?.reason;
  };

  it('are updated one after the other, and say so', async () => {
    const { application, channel } = fleet;
    const beta = randomUUID();
    await fleet.run({ kind: 'CreateGroup', application, id: beta, name: 'Beta', track: 'beta', channel });
    expect(await asks('a')).toBe('granted');
    // As of a machine that moves: nobody can know better yet.
    expect(await inBeta('b', beta)).toBe('granted');
    const answers: (string | undefined)[] = [];
    for (let turn = 0; turn < 3; turn++) answers.push(await asks('a'), await inBeta('b', beta));
    expect(answers).toEqual(['cloned', 're-offered', 'cloned', 're-offered', 'cloned', 're-offered']);
    expect(await attemptNow()).toMatchObject({ group: beta, stage: 'leased', cloned: true });
    await fold(fleet.report(machine, { bootId: 'b', group: beta, ...installed, ...moment() }));
    expect(await asks('a')).toBe('granted');
    expect(await inBeta('b, rebooted', beta)).toBe('granted');
    expect(await ledgerNow()).toMatchObject({ grants: 2 });
  });
});

const word = fc.record({
  id: fc.constantFrom('cloned', 'other', 'third'),
  bootId: fc.constantFrom('', 'a', 'b', 'c'),
  has: fc.boolean(),
  /** null: it asks. */
  does: fc.constantFrom<Partial<EventReported> | null>(null, null, { type: 13, result: 1 }, installed, {
    type: 3,
    result: 0,
    errorCode: '9',
  }),
  isBeta: fc.constantFrom(false, false, true),
});

describe('any number of machines of one id, whatever they say in turns', () => {
  it.each([1, 2, 3, 4])('leave the ledger right, and pass no limit: seed %s', async (seed) => {
    await start({ concurrencyLimit: 2, quarantineAfter: 100, backoffMs: 1 });
    const { application, channel } = fleet;
    const beta = randomUUID();
    await fleet.run({ kind: 'CreateGroup', application, id: beta, name: 'Beta', track: 'beta', channel });
    const words = fc.sample(word, { numRuns: 150, seed });
    for (const { id, bootId, has, does, isBeta } of words) {
      const group = isBeta ? beta : fleet.group;
      const said = { bootId, group, version: has ? '2.0.0' : '1.0.0', ...moment() };
      if (does !== null) await fold(fleet.report(id, { ...said, ...does }));
      else if (has) await fold(fleet.checkIn(id, { ...said, answer: { reason: 'up-to-date', inputs: {} } }));
      else {
        const { at, version } = said;
        const asked = fleet.ask(id, { boot: bootMarkOf(bootId), group, version, at });
        const { decisions } = await grantBatch(store, context, group, [asked]);
        const answer = decisions[0]!.answer;
        await fold(fleet.checkIn(id, { ...said, n: asked.n, answer }));
      }
      const { rows } = await store.pool.query<{ open: number; succeeded: number; tallied: number }>(
        `select c.open_leases as open, coalesce(t.succeeded, 0) as succeeded, coalesce(t.open, 0) as tallied
         from grant_counter c join update_group g on g.id = c.update_group
         left join rollout_tally t on t.rollout = g.rollout where g.application = $1`,
        [application],
      );
      for (const { open, succeeded, tallied } of rows) {
        expect(open).toBeLessThanOrEqual(2);
        expect(Math.min(open, succeeded, tallied)).toBeGreaterThanOrEqual(0);
      }
    }
    expect((await recountLedger(store)).filter(({ group }) => [fleet.group, beta].includes(group))).toEqual([]);
  });
});

describe('one machine', () => {
  it('that crashes and goes on in a new boot is no clone', async () => {
    await asks('a');
    await asks('b');
    await reports('b', installed);
    await asks('c');
    await reports('c', installed);
    await hasIt('d');
    expect(await attemptNow()).toMatchObject({ cloned: false, outcome: 'complete' });
    expect(await ledgerNow()).toEqual({ grants: 1, open: 0, succeeded: 1, failed: 0 });
  });

  it('whose words of the boot before arrive late is none either', async () => {
    await asks('a');
    const late = fleet.report(machine, { bootId: 'a', type: 13, ...moment() });
    await asks('b');
    await fold(late);
    expect(await attemptNow()).toMatchObject({ cloned: false, boot: bootMarkOf('b'), downloadingAt: late.at });
  });

  it('that restarts its client and reports the version without a reboot has it', async () => {
    await asks('a');
    await asks('b');
    await hasIt('b');
    expect(await attemptNow()).toMatchObject({ cloned: false, outcome: 'complete' });
  });

  it('that says no boot id is taken at its word', async () => {
    await asks('');
    await hasIt('');
    expect(await asks('')).toBe('granted');
    expect(await ledgerNow()).toMatchObject({ grants: 2, succeeded: 1 });
  });
});
