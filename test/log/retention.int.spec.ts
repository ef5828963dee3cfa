import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import {
  followFacts,
  makeAppender,
  purgeFacts,
  readFacts,
  type ReadMessage,
  type ReadOptions,
  readFactsFill,
} from '@platte/fact-log';
import { appendRaw, makeFact, openTestLog, type TestLog } from './fixture.js';

let log: TestLog;
beforeEach(async () => {
  log = await openTestLog(inject('natsUrl'));
});
afterEach(() => log.close());

/** One message per fact, numbered from `from`. */
async function append(count: number, from = 0): Promise<void> {
  const appender = makeAppender({ nc: log.nc, program: 'test', prefix: log.prefix });
  for (let n = from; n < from + count; n++) await appender.appendAll([makeFact(n)]);
  await appender.close();
}

/** A consumer that has acknowledged all there is. */
async function consumeAll(durable: string): Promise<void> {
  const follower = await followFacts({
    nc: log.nc,
    prefix: log.prefix,
    durable,
    batchDelayMs: 1,
    onBatch: async () => {},
  });
  await vi.waitFor(async () => expect(await follower.lag()).toMatchObject({ pendingMessages: 0, heldMessages: 0 }));
  await follower.stop();
}

const purge = (olderThanMs: number, consumers = ['policy', 'analytics'], now = Date.now() + 1) =>
  purgeFacts({ nc: log.nc, prefix: log.prefix, now, olderThanMs, consumers });
const firstSequence = async () => (await readFactsFill(log.nc, log)).firstSequence;

async function read(options: Omit<ReadOptions, 'prefix'>): Promise<ReadMessage[]> {
  const messages: ReadMessage[] = [];
  for await (const message of readFacts(log.nc, { ...options, prefix: log.prefix })) messages.push(message);
  return messages;
}

describe('retention', () => {
  it('D23: purges what is past its age and seen by every consumer', async () => {
    await append(10);
    await consumeAll('policy');
    await consumeAll('analytics');
    await append(5, 10);
    expect(await purge(0)).toEqual({ purgedMessages: 10, firstSequence: 11, heldBy: expect.any(String) });
    expect(await firstSequence()).toBe(11);
  });

  it('keeps what is young', async () => {
    await append(10);
    await consumeAll('policy');
    await consumeAll('analytics');
    expect(await purge(3_600_000)).toMatchObject({ purgedMessages: 0, heldBy: undefined });
    const times = (await read({ from: 1, until: 10 })).map(({ storedAt }) => storedAt);
    const cutoff = times[6]!;
    const old = times.filter((time) => time < cutoff).length;
    expect(await purge(1000, undefined, cutoff + 1000)).toMatchObject({ purgedMessages: old });
  });

  it('keeps what a slow consumer has not seen, and names it', async () => {
    await append(10);
    await consumeAll('policy');
    await append(10, 10);
    await consumeAll('analytics');
    expect(await purge(0)).toEqual({ purgedMessages: 10, firstSequence: 11, heldBy: 'policy' });
  });

  it('purges nothing when a consumer has never been there', async () => {
    await append(10);
    await consumeAll('policy');
    expect(await purge(0)).toEqual({ purgedMessages: 0, firstSequence: 1, heldBy: 'analytics' });
  });

  it('counts other consumers too', async () => {
    await append(10);
    for (const durable of ['policy', 'analytics']) await consumeAll(durable);
    const follower = await followFacts({
      nc: log.nc,
      prefix: log.prefix,
      durable: 'somebody',
      onBatch: () => Promise.reject(new Error('no')),
    });
    expect(await purge(0)).toMatchObject({ purgedMessages: 0, heldBy: 'somebody' });
    await follower.stop();
  });

  it('shows how full the stream is', async () => {
    expect(await readFactsFill(log.nc, log)).toMatchObject({
      messages: 0,
      bytes: 0,
      bytesMax: 64 * 1024 * 1024,
      firstAt: undefined,
    });
    await append(3);
    const fill = await readFactsFill(log.nc, log);
    expect(fill).toMatchObject({ messages: 3, firstSequence: 1, lastSequence: 3 });
    expect(fill.bytes).toBeGreaterThan(900);
    expect(fill.lastAt! - fill.firstAt!).toBeGreaterThanOrEqual(0);
  });
});

describe('reading from a sequence', () => {
  it('gives each message once, in order, up to where it was asked', async () => {
    await append(600);
    const messages = await read({ from: 101, until: 600 });
    expect(messages.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 500 }, (_, index) => index + 101));
    expect(messages.at(-1)!.facts).toEqual([makeFact(599)]);
  });

  it('ends at once when there is nothing, and skips what was purged', async () => {
    expect(await read({ from: 1, until: 0 })).toEqual([]);
    await append(5);
    await consumeAll('policy');
    await purge(0, ['policy']);
    expect(await read({ from: 1, until: 5 })).toEqual([]);
    await append(2, 5);
    expect((await read({ from: 1, until: 7 })).map(({ sequence }) => sequence)).toEqual([6, 7]);
  });

  it('goes on with what comes, until it is told to end', async () => {
    await append(1);
    const stop = new AbortController();
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { sequence } of readFacts(log.nc, { from: 1, prefix: log.prefix, signal: stop.signal })) {
        seen.push(sequence);
        if (seen.length === 1) await append(300, 1);
        if (seen.length === 301) stop.abort();
      }
    })();
    await reading;
    expect(seen).toEqual(Array.from({ length: 301 }, (_, index) => index + 1));
  });

  it('reads only what is new when asked for that', async () => {
    await append(3);
    const stop = new AbortController();
    const first = Promise.withResolvers<number>();
    const reading = (async () => {
      for await (const { sequence } of readFacts(log.nc, { from: 'new', prefix: log.prefix, signal: stop.signal }))
        first.resolve(sequence);
    })();
    await vi.waitFor(async () => {
      await append(1, 3);
      await expect(Promise.race([first.promise, Promise.resolve(0)])).resolves.toBeGreaterThan(3);
    });
    stop.abort();
    await reading;
  });

  it('tells of a message that cannot be read, and goes on', async () => {
    await append(1);
    await appendRaw(log.nc, log.prefix, 'not JSON');
    await append(1, 1);
    const messages = await read({ from: 1, until: 3 });
    expect(messages.map(({ facts, unreadable }) => unreadable ?? facts.length)).toEqual([
      1,
      'the message is not JSON in UTF-8',
      1,
    ]);
  });
});
