// The log under fire: a real server that is killed, stopped and filled while facts are appended and followed. The measure
// is always the same: every fact whose callback came without an error is in the stream.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type Appender,
  type AppenderOptions,
  connectNats,
  ensureStreams,
  type Follower,
  followFacts,
  followSnapshots,
  makeAppender,
  type NatsConnection,
  openSpool,
  publishSnapshot,
} from '@platte/fact-log';
import {
  identify,
  makeFact,
  type OwnNats,
  natsReplicas,
  readIdentities,
  startOwnNats,
  withTemporaryFolder,
} from './fixture.js';
import { makeSnapshot } from './snapshot-fixture.js';

let nats: OwnNats;
let connections: NatsConnection[];
beforeEach(async () => {
  nats = await startOwnNats();
  connections = [];
});
afterEach(async () => {
  await Promise.all(connections.map((nc) => nc.close()));
  await nats.stop();
});

const streams = { replicas: natsReplicas(), factsBytesMax: 256 * 1024 * 1024 };

async function connect(): Promise<NatsConnection> {
  const nc = await connectNats({ url: nats.url, ...nats.access, name: 'fire', say: () => {} });
  connections.push(nc);
  return nc;
}

interface Traffic {
  /** Identities of facts that were called stored. */
  stored: Set<string>;
  failed: number;
  stop: () => Promise<void>;
}

/** Appends a request each turn of the loop, and remembers what it was told of each. */
function startTraffic(appender: Appender): Traffic {
  const traffic: Traffic = { stored: new Set(), failed: 0, stop: async () => {} };
  let isOver = false;
  let waiting = 0;
  const idle = Promise.withResolvers<void>();
  const appendOne = (n: number): void => {
    if (isOver) return void (waiting === 0 && idle.resolve());
    setTimeout(() => appendOne(n + 1), 1);
    if (!appender.hasRoom()) return;
    const facts = [makeFact(2 * n), makeFact(2 * n + 1)];
    waiting += 1;
    appender.append(facts, (error) => {
      waiting -= 1;
      if (error === undefined) for (const fact of facts) traffic.stored.add(identify(fact));
      else traffic.failed += 1;
      if (isOver && waiting === 0) idle.resolve();
    });
  };
  appendOne(0);
  traffic.stop = async () => {
    isOver = true;
    await idle.promise;
  };
  return traffic;
}

const has = (traffic: Traffic, more: number) => {
  const from = traffic.stored.size;
  return vi.waitFor(() => expect(traffic.stored.size).toBeGreaterThan(from + more), { timeout: 30_000 });
};
const isDrained = (appender: Appender) =>
  vi.waitFor(() => expect(appender.stats()).toMatchObject({ spooledBytes: 0, route: 'stream' }), { timeout: 30_000 });

async function expectAllInStream(traffic: Traffic): Promise<void> {
  const found = await readIdentities(await connect());
  const missing = [...traffic.stored].filter((identity) => !found.has(identity));
  expect(missing).toEqual([]);
}

async function withSpool(
  use: (appender: Appender, options: AppenderOptions) => Promise<void>,
  limits: { bytesMax?: number } = {},
): Promise<void> {
  await withTemporaryFolder(async (folder) => {
    const spool = await openSpool({ folder, bytesMax: limits.bytesMax ?? 64 * 1024 * 1024 });
    const options = { nc: await connect(), program: 'ingress', spool };
    const appender = makeAppender(options);
    await use(appender, options);
    await appender.close();
  });
}

describe('with a spool', () => {
  it('loses nothing when the server is killed in the middle of appends, and again while the spool drains', async () => {
    await ensureStreams(await connect(), streams);
    await withSpool(async (appender) => {
      const traffic = startTraffic(appender);
      for (let round = 0; round < 3; round++) {
        await has(traffic, 200);
        await nats.kill();
        await has(traffic, 200);
        await nats.start();
      }
      await isDrained(appender);
      await has(traffic, 100);
      await traffic.stop();
      expect(traffic.failed).toBe(0);
      await expectAllInStream(traffic);
    });
  });

  it('loses nothing when the server hangs for seconds, and no request waits for it longer than a second', async () => {
    await ensureStreams(await connect(), streams);
    let waitedMs = 0;
    await withTemporaryFolder(async (folder) => {
      const appender = makeAppender({
        nc: await connect(),
        program: 'ingress',
        spool: await openSpool({ folder, bytesMax: 64 * 1024 * 1024 }),
        hooks: { onStored: (batch) => (waitedMs = Math.max(waitedMs, batch.waitedMs)) },
      });
      const traffic = startTraffic(appender);
      await has(traffic, 100);
      nats.pause();
      await vi.waitFor(() => expect(appender.stats().route).toBe('spool'), { timeout: 5000 });
      await has(traffic, 500);
      nats.resume();
      await isDrained(appender);
      await traffic.stop();
      expect(traffic.failed).toBe(0);
      expect(waitedMs).toBeLessThan(2000);
      await expectAllInStream(traffic);
      await appender.close();
    });
  });

  it('begins while there is no server yet, and catches up when it comes', async () => {
    await nats.kill();
    await withTemporaryFolder(async (folder) => {
      const appender = makeAppender({
        nc: connect(),
        program: 'ingress',
        spool: await openSpool({ folder, bytesMax: 1_000_000 }),
      });
      await appender.appendAll([makeFact(1)]);
      expect(appender.stats()).toMatchObject({ route: 'spool' });
      await nats.start();
      await ensureStreams(await connect(), streams);
      await isDrained(appender);
      expect(await readIdentities(await connect())).toEqual(new Map([[identify(makeFact(1)), 1]]));
      await appender.close();
    });
  });

  it('spools when the stream is full, says 503 when the spool is full too, and goes on when there is room', async () => {
    await ensureStreams(await connect(), { ...streams, factsBytesMax: 200_000 });
    await withSpool(
      async (appender) => {
        const traffic = startTraffic(appender);
        await vi.waitFor(() => expect([appender.hasRoom(), appender.stats().route]).toEqual([false, 'nowhere']), {
          timeout: 30_000,
        });
        await ensureStreams(await connect(), streams);
        await isDrained(appender);
        await has(traffic, 10);
        await traffic.stop();
        await expectAllInStream(traffic);
      },
      { bytesMax: 200_000 },
    );
  });

  it('leaves at its end what it could not send, and the next run sends it', async () => {
    await ensureStreams(await connect(), streams);
    await withTemporaryFolder(async (folder) => {
      const open = async () =>
        makeAppender({
          nc: await connect(),
          program: 'ingress',
          spool: await openSpool({ folder, bytesMax: 1_000_000 }),
        });
      const first = await open();
      await nats.kill();
      await first.appendAll([makeFact(1), makeFact(2)]);
      await first.close();
      await nats.start();
      const second = await open();
      await isDrained(second);
      expect((await readIdentities(await connect())).size).toBe(2);
      await second.close();
    });
  });
});

describe('without a spool', () => {
  it('fails what is not acknowledged, and never calls lost facts stored', async () => {
    await ensureStreams(await connect(), streams);
    const appender = makeAppender({ nc: await connect(), program: 'policy' });
    const traffic = startTraffic(appender);
    await has(traffic, 100);
    await nats.kill();
    await vi.waitFor(() => expect(traffic.failed).toBeGreaterThan(10), { timeout: 10_000 });
    await nats.start();
    await has(traffic, 100);
    await traffic.stop();
    await appender.close();
    await expectAllInStream(traffic);
  });
});

describe('followers', () => {
  it('miss nothing when the server is killed and comes back', async () => {
    const nc = await connect();
    await ensureStreams(nc, streams);
    const seen = new Set<string>();
    const followers: Follower[] = [];
    for (let replica = 0; replica < 2; replica++) {
      followers.push(
        await followFacts({
          nc: await connect(),
          durable: 'policy',
          ackWaitMs: 1000,
          onBatch: async (messages) =>
            messages.forEach(({ facts }) => facts.forEach((fact) => seen.add(identify(fact)))),
        }),
      );
    }
    await withSpool(async (appender) => {
      const traffic = startTraffic(appender);
      await has(traffic, 200);
      await nats.kill();
      await has(traffic, 50);
      await nats.start();
      await isDrained(appender);
      await has(traffic, 200);
      await traffic.stop();
      await vi.waitFor(() => expect([...traffic.stored].filter((identity) => !seen.has(identity))).toEqual([]), {
        timeout: 20_000,
      });
    });
    await Promise.all(followers.map((follower) => follower.stop()));
  });
});

describe('snapshots', () => {
  it('are there from the disk when the server is not, and newer ones come when it is', async () => {
    const nc = await connect();
    await ensureStreams(nc, streams);
    await publishSnapshot(nc, makeSnapshot(5));
    await withTemporaryFolder(async (cacheFolder) => {
      const first = await followSnapshots({ nc, cacheFolder });
      await first.current;
      expect(first.state()).toMatchObject({ source: 'nats', revision: 5 });
      await first.stop();
      await nats.kill();

      const second = await followSnapshots({ nc: connect(), cacheFolder });
      expect(second.state()).toMatchObject({ source: 'disk', revision: 5 });
      expect(second.get(makeSnapshot(5).application.id)).toEqual(makeSnapshot(5));
      await nats.start();
      // A cluster elects leaders first.
      const publisher = await connect();
      await vi.waitFor(() => publishSnapshot(publisher, makeSnapshot(6)), { timeout: 30_000 });
      await vi.waitFor(() => expect(second.state()).toMatchObject({ source: 'nats', revision: 6 }), {
        timeout: 15_000,
      });
      await second.stop();
    });
  });
});
