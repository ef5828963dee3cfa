import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import {
  dropParked,
  type FactMessage,
  type Follower,
  followFacts,
  type FollowOptions,
  listParked,
  logNames,
  makeAppender,
  makePoison,
  readFactsFill,
  retryParked,
} from '@platte/fact-log';
import type { Fact } from '@platte/facts';
import { appendRaw, identify, makeFact, openTestLog, type TestLog } from './fixture.js';

let log: TestLog;
let followers: Follower[];
beforeEach(async () => {
  log = await openTestLog(inject('natsUrl'));
  followers = [];
});
afterEach(async () => {
  await Promise.all(followers.map((follower) => follower.stop()));
  await log.close();
});

async function follow(onBatch: FollowOptions['onBatch'], options: Partial<FollowOptions> = {}): Promise<Follower> {
  const follower = await followFacts({
    nc: log.nc,
    prefix: log.prefix,
    durable: 'policy',
    batchDelayMs: 5,
    ...options,
    onBatch,
  });
  followers.push(follower);
  return follower;
}

/** One message for each list of facts. */
async function append(...messages: Fact[][]): Promise<void> {
  const appender = makeAppender({ nc: log.nc, program: 'test', prefix: log.prefix });
  for (const facts of messages) await appender.appendAll(facts);
  await appender.close();
}

/** Remembers what was committed, as a database would. */
function makeEffect(): { onBatch: FollowOptions['onBatch']; batches: FactMessage[][]; committed: () => string[] } {
  const batches: FactMessage[][] = [];
  return {
    batches,
    onBatch: async (messages) => void batches.push(messages),
    committed: () => batches.flat().flatMap(({ facts }) => facts.map(identify)),
  };
}

/** Everything that is stored now is acknowledged. In a cluster the consumer's own server may not know of the newest yet. */
async function caughtUp(follower: Follower): Promise<void> {
  const { lastSequence } = await readFactsFill(log.nc, log);
  const caught = { pendingMessages: 0, heldMessages: 0, ackFloor: lastSequence };
  await vi.waitFor(async () => expect(await follower.lag()).toMatchObject(caught), { timeout: 30_000 });
}

describe('following', () => {
  it('hands over all facts in order, in batches, with sequence and time', async () => {
    const before = Date.now();
    await append(...Array.from({ length: 20 }, (_, n) => [makeFact(2 * n), makeFact(2 * n + 1)]));
    const effect = makeEffect();
    const follower = await follow(effect.onBatch, { batchFactsMax: 10, batchDelayMs: 1000 });
    await caughtUp(follower);
    expect(effect.committed()).toEqual(Array.from({ length: 40 }, (_, n) => identify(makeFact(n))));
    expect(effect.batches.map((batch) => batch.length)).toEqual([5, 5, 5, 5]);
    expect(effect.batches.flat().map(({ sequence }) => sequence)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    for (const { storedAt } of effect.batches.flat()) expect(storedAt).toBeGreaterThanOrEqual(before - 1000);
  });

  it('acknowledges strictly after the effect', async () => {
    const gate = Promise.withResolvers<void>();
    const called = Promise.withResolvers<void>();
    const follower = await follow(async () => {
      called.resolve();
      await gate.promise;
    });
    await append([makeFact(1)]);
    await called.promise;
    expect(await follower.lag()).toMatchObject({ heldMessages: 1, ackFloor: 0 });
    gate.resolve();
    await caughtUp(follower);
    expect(await follower.lag()).toMatchObject({ ackFloor: 1 });
  });

  it('tries a batch again that failed, and says why it failed meanwhile', async () => {
    const effect = makeEffect();
    let failures = 2;
    const troubles: (string | undefined)[] = [];
    const follower: Follower = await follow(async (messages) => {
      troubles.push(follower?.trouble()?.reason);
      if (failures-- > 0) throw new Error('the database is away');
      await effect.onBatch(messages);
    });
    await append([makeFact(1)], [makeFact(2)]);
    await caughtUp(follower);
    expect(effect.committed()).toEqual([identify(makeFact(1)), identify(makeFact(2))]);
    expect(troubles).toContain('the database is away');
    expect(follower.trouble()).toBeUndefined();
  });

  it('parks nothing for a store whose connections fail some batches and not others', async () => {
    const effect = makeEffect();
    const reset = new Error('read ECONNRESET');
    let failures = 14;
    let other = 1;
    const follower = await follow(
      async (messages) => {
        const isFirst = messages.some(({ sequence }) => sequence === 1);
        // Another message succeeds after each failure: by counting alone the first one would be poison.
        if (isFirst && messages.length === 1) await append([makeFact(++other)]);
        if (isFirst && failures-- > 0) throw reset;
        await effect.onBatch(messages);
      },
      { isOutage: (cause) => cause === reset },
    );
    await append([makeFact(1)]);
    await vi.waitFor(() => expect(effect.committed()).toContain(identify(makeFact(1))), { timeout: 30_000 });
    await caughtUp(follower);
    expect(await listParked(log.nc, { prefix: log.prefix })).toEqual([]);
  });

  it('shares the work among replicas: each message goes to one', async () => {
    const [first, second] = [makeEffect(), makeEffect()];
    const options = { messagesMax: 4, batchFactsMax: 4 };
    const follower = await follow(first.onBatch, options);
    await follow(second.onBatch, { ...options, nc: await log.connect() });
    await append(...Array.from({ length: 100 }, (_, n) => [makeFact(n)]));
    await caughtUp(follower);
    expect([...first.committed(), ...second.committed()].toSorted()).toEqual(
      Array.from({ length: 100 }, (_, n) => identify(makeFact(n))).toSorted(),
    );
    expect(first.committed()).not.toHaveLength(0);
    expect(second.committed()).not.toHaveLength(0);
  });

  it('leaves what a replica held to the others when its connection dies', async () => {
    const dying = await log.connect('dying');
    const held = Promise.withResolvers<void>();
    await followFacts({
      nc: dying,
      prefix: log.prefix,
      durable: 'policy',
      ackWaitMs: 1000,
      batchDelayMs: 5,
      onBatch: () => {
        held.resolve();
        return new Promise(() => {});
      },
    });
    await append([makeFact(1)], [makeFact(2)]);
    await held.promise;
    await dying.close();
    const effect = makeEffect();
    const follower = await follow(effect.onBatch, { ackWaitMs: 1000 });
    await caughtUp(follower);
    expect(effect.committed().toSorted()).toEqual([identify(makeFact(1)), identify(makeFact(2))].toSorted());
  });

  it('keeps a message in hand for longer than the server waits', async () => {
    let calls = 0;
    const gate = Promise.withResolvers<void>();
    const follower = await follow(
      async () => {
        calls += 1;
        await gate.promise;
      },
      { ackWaitMs: 300 },
    );
    const other = makeEffect();
    await append([makeFact(1)]);
    await vi.waitFor(() => expect(calls).toBe(1));
    const impatient = await follow(other.onBatch, { nc: await log.connect() });
    // A sign of life comes every third of the server's patience: twelve of them are four times that.
    let signs = 0;
    const watching = log.nc.subscribe(`$JS.ACK.${logNames(log.prefix).facts.stream}.>`, {
      callback: (_, { data }) => {
        signs += Number(Buffer.from(data).toString() === '+WPI');
      },
    });
    await vi.waitFor(() => expect(signs).toBeGreaterThan(12), { timeout: 10_000 });
    watching.unsubscribe();
    expect(other.batches).toEqual([]);
    gate.resolve();
    await caughtUp(follower);
    expect(calls).toBe(1);
    expect(await impatient.lag()).toMatchObject({ ackFloor: 1 });
  });

  it('gives back at once what it has not begun when it stops', async () => {
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const stopped = makeEffect();
    const follower = await follow(
      async (messages) => {
        begun.resolve();
        await gate.promise;
        await stopped.onBatch(messages);
      },
      { batchFactsMax: 1 },
    );
    await append([makeFact(1)], [makeFact(2)], [makeFact(3)]);
    await begun.promise;
    await vi.waitFor(async () => expect(await follower.lag()).toMatchObject({ heldMessages: 3 }));
    const stopping = follower.stop();
    gate.resolve();
    await stopping;
    expect(stopped.committed()).toEqual([identify(makeFact(1))]);
    const next = makeEffect();
    await caughtUp(await follow(next.onBatch));
    expect(next.committed().toSorted()).toEqual([identify(makeFact(2)), identify(makeFact(3))].toSorted());
  });

  it('passes kinds on whole that it does not know', async () => {
    const unknown = { kind: 'MachinePainted', v: 3, app: 'a', machine: 'm', at: 1, n: 2, colour: { name: 'red' } };
    await appendRaw(log.nc, log.prefix, JSON.stringify([makeFact(1), unknown]));
    const effect = makeEffect();
    await caughtUp(await follow(effect.onBatch));
    expect(effect.batches[0]![0]).toMatchObject({ facts: [makeFact(1)], unknown: [unknown] });
  });
});

describe('poison', () => {
  it('parks a message that cannot be read, with its reason, and goes on', async () => {
    await append([makeFact(1)]);
    await appendRaw(log.nc, log.prefix, '{"not":"a list"}');
    await append([makeFact(2)]);
    const effect = makeEffect();
    const follower = await follow(effect.onBatch);
    await caughtUp(follower);
    expect(effect.committed()).toEqual([identify(makeFact(1)), identify(makeFact(2))]);
    const parked = await listParked(log.nc, log);
    expect(parked).toEqual([
      expect.objectContaining({
        durable: 'policy',
        sequence: 2,
        reason: 'the message is not a list of facts',
        excerpt: '{"not":"a list"}',
      }),
    ]);
  });

  it('parks a message that the consumer names, and commits the rest of its batch', async () => {
    await append([makeFact(1)], [makeFact(2)], [makeFact(3)]);
    const effect = makeEffect();
    const follower = await follow(async (messages) => {
      if (messages.some(({ sequence }) => sequence === 2)) throw makePoison(2, 'no such application');
      await effect.onBatch(messages);
    });
    await caughtUp(follower);
    expect(effect.committed().toSorted()).toEqual([identify(makeFact(1)), identify(makeFact(3))].toSorted());
    expect(await listParked(log.nc, log)).toEqual([
      expect.objectContaining({ sequence: 2, reason: 'no such application' }),
    ]);
  });

  it('finds the message that fails its whole batch, while the others go on', async () => {
    const effect = makeEffect();
    const follower = await follow(async (messages) => {
      if (messages.some(({ facts }) => facts.some(({ n }) => n === 7))) throw new Error('division by zero');
      await effect.onBatch(messages);
    });
    await append(...Array.from({ length: 10 }, (_, n) => [makeFact(n)]));
    let n = 10;
    await vi.waitFor(
      async () => {
        await append([makeFact(n++)]);
        expect(await listParked(log.nc, log)).toEqual([
          expect.objectContaining({ sequence: 8, reason: 'division by zero' }),
        ]);
      },
      { timeout: 20_000, interval: 200 },
    );
    await caughtUp(follower);
    const others = Array.from({ length: n }, (_, index) => identify(makeFact(index))).filter((_, index) => index !== 7);
    expect(new Set(effect.committed())).toEqual(new Set(others));
  });

  it('parks nothing during an outage', async () => {
    const effect = makeEffect();
    let isAway = true;
    let failures = 0;
    const follower = await follow(async (messages) => {
      if (isAway) {
        failures += 1;
        throw new Error('the database is away');
      }
      await effect.onBatch(messages);
    });
    await append(...Array.from({ length: 10 }, (_, n) => [makeFact(n)]));
    await vi.waitFor(() => expect(failures).toBeGreaterThan(4), { timeout: 20_000 });
    isAway = false;
    await caughtUp(follower);
    expect(await listParked(log.nc, log)).toEqual([]);
    expect(new Set(effect.committed()).size).toBe(10);
  });

  it('is retried or dropped by a person', async () => {
    await append([makeFact(1)], [makeFact(2)]);
    const effect = makeEffect();
    let isRepaired = false;
    const follower = await follow(async (messages) => {
      if (!isRepaired) throw makePoison(messages[0]!.sequence, 'a bug');
      await effect.onBatch(messages);
    });
    await vi.waitFor(async () => expect(await listParked(log.nc, log)).toHaveLength(2));
    isRepaired = true;
    const [first, second] = await listParked(log.nc, log);
    expect(await retryParked(log.nc, first!.id, log)).toBe(true);
    expect(await dropParked(log.nc, second!.id, log)).toBe(true);
    expect(await dropParked(log.nc, second!.id, log)).toBe(false);
    await vi.waitFor(() => expect(effect.committed()).toEqual([identify(makeFact(1))]));
    await caughtUp(follower);
    expect(await listParked(log.nc, log)).toEqual([]);
    expect((await readFactsFill(log.nc, log)).messages).toBe(3);
  });
});
