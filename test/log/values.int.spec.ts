import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import {
  connectNats,
  ensureStreams,
  followClockOffset,
  followSnapshots,
  type FollowSnapshotsOptions,
  logNames,
  makeRefusedReporter,
  NatsRefused,
  publishRevision,
  publishSnapshot,
  readRefused,
  setClockOffset,
  type SnapshotFollower,
  withdrawSnapshot,
} from '@platte/fact-log';
import { natsReplicas, openTestLog, type TestLog, withTemporaryFolder } from './fixture.js';
import { makeSnapshot } from './snapshot-fixture.js';

let log: TestLog;
let followers: SnapshotFollower[];
beforeEach(async () => {
  log = await openTestLog(inject('natsUrl'));
  followers = [];
});
afterEach(async () => {
  await Promise.all(followers.map((follower) => follower.stop()));
  await log.close();
});

async function follow(options: Partial<FollowSnapshotsOptions> = {}): Promise<SnapshotFollower> {
  const follower = await followSnapshots({ nc: log.nc, prefix: log.prefix, ...options });
  followers.push(follower);
  await follower.current;
  return follower;
}

const flatcar = makeSnapshot(1).application.id;
const agent = 'aaaaaaaa-0000-4000-8000-000000000001';

describe('snapshots', () => {
  it('reach followers at once, those that were there before them too', async () => {
    await publishSnapshot(log.nc, makeSnapshot(1), log);
    const seen: string[] = [];
    const follower = await follow({
      onChange: ({ revision, application }) => seen.push(`${application.id} ${revision}`),
    });
    expect(follower.get(flatcar)).toEqual(makeSnapshot(1));
    const begun = performance.now();
    await publishSnapshot(log.nc, makeSnapshot(2, agent), log);
    await vi.waitFor(() => expect(follower.get(agent)?.revision).toBe(2), { interval: 5 });
    expect(performance.now() - begun).toBeLessThan(1000);
    expect(seen).toEqual([`${flatcar} 1`, `${agent} 2`]);
    expect(follower.state()).toMatchObject({ revision: 2, source: 'nats', trouble: undefined });
    expect(follower.state().ageMs).toBeLessThan(1000);
    expect([...follower.all()]).toHaveLength(2);
  });

  it('never go back: not in the bucket, not in a follower', async () => {
    expect(await publishSnapshot(log.nc, makeSnapshot(7), log)).toBe(true);
    const follower = await follow();
    expect(await publishSnapshot(log.nc, makeSnapshot(6), log)).toBe(false);
    expect(await publishSnapshot(log.nc, makeSnapshot(7), log)).toBe(false);
    // Somebody who writes past us: the follower keeps what it has.
    await log.nc.request(`$KV.${logNames(log.prefix).bucket}.app.${flatcar}`, JSON.stringify(makeSnapshot(3)));
    await publishSnapshot(log.nc, makeSnapshot(1, agent), log);
    await vi.waitFor(() => expect(follower.get(agent)).toBeDefined());
    expect(follower.get(flatcar)?.revision).toBe(7);
  });

  it('of several writers end at the newest', async () => {
    const writers = await Promise.all([log.connect(), log.connect(), log.connect()]);
    await Promise.all(
      Array.from({ length: 30 }, (_, index) => publishSnapshot(writers[index % 3]!, makeSnapshot(index + 1), log)),
    );
    expect((await follow()).get(flatcar)?.revision).toBe(30);
  });

  it('of a deleted application go, and an old one does not bring them back', async () => {
    await publishSnapshot(log.nc, makeSnapshot(1), log);
    const removed: string[] = [];
    const follower = await follow({ onRemoved: (application) => removed.push(application) });
    await withdrawSnapshot(log.nc, flatcar, 2, log);
    await vi.waitFor(() => expect(removed).toEqual([flatcar]));
    expect(follower.get(flatcar)).toBeUndefined();
    expect(await publishSnapshot(log.nc, makeSnapshot(1), log)).toBe(false);
    expect((await follow()).get(flatcar)).toBeUndefined();
  });

  it('that cannot be read leave the one before in place, and are told', async () => {
    await publishSnapshot(log.nc, makeSnapshot(1), log);
    const said: string[] = [];
    const follower = await follow({ say: (line) => said.push(line) });
    const key = `$KV.${logNames(log.prefix).bucket}.app.${flatcar}`;
    await log.nc.request(key, JSON.stringify({ ...makeSnapshot(2), format: 2 }));
    await vi.waitFor(() => expect(said).toHaveLength(1));
    await log.nc.request(key, 'no JSON');
    await vi.waitFor(() => expect(said).toHaveLength(2));
    expect(follower.get(flatcar)?.revision).toBe(1);
    await publishSnapshot(log.nc, makeSnapshot(3), log);
    await vi.waitFor(() => expect(follower.get(flatcar)?.revision).toBe(3));
  });

  it('are followed in a bucket that was deleted and made anew', async () => {
    for (let revision = 1; revision <= 3; revision++) await publishSnapshot(log.nc, makeSnapshot(revision), log);
    const follower = await follow();
    await log.nc.request(`$JS.API.STREAM.DELETE.KV_${logNames(log.prefix).bucket}`);
    await ensureStreams(log.nc, { replicas: natsReplicas(), factsBytesMax: 64 * 1024 * 1024, prefix: log.prefix });
    await publishSnapshot(log.nc, makeSnapshot(4), log);
    await vi.waitFor(() => expect(follower.get(flatcar)?.revision).toBe(4), { timeout: 10_000 });
  });

  it('of a catalog without an application: a follower knows it from a bucket that nobody has filled', async () => {
    await withTemporaryFolder(async (cacheFolder) => {
      const follower = await follow({ cacheFolder });
      let isKnown = false;
      const known = follower.known.then(() => (isKnown = true));
      await follower.current;
      expect(isKnown).toBe(false);
      expect(await publishRevision(log.nc, 4, log)).toBe(true);
      expect(await publishRevision(log.nc, 4, log)).toBe(false);
      await known;
      await follower.stop();
      // Of the disk, while NATS is away.
      const early = await followSnapshots({ nc: new Promise<never>(() => {}), cacheFolder });
      await early.known;
      expect(early.state()).toMatchObject({ source: 'disk', revision: 0 });
      await early.stop();
    });
  });

  it('are kept on disk whole: a file that is damaged is ignored, the others are not', async () => {
    await withTemporaryFolder(async (cacheFolder) => {
      await publishSnapshot(log.nc, makeSnapshot(1), log);
      await publishSnapshot(log.nc, makeSnapshot(2, agent), log);
      await (await follow({ cacheFolder })).stop();
      await writeFile(join(cacheFolder, `${agent}.json`), '{"format":1,"revi');
      const never = new Promise<never>(() => {});
      const follower = await followSnapshots({ nc: never, cacheFolder });
      expect([...follower.all()]).toEqual([makeSnapshot(1)]);
      expect(follower.state()).toMatchObject({ source: 'disk', revision: 1 });
      await follower.stop();
    });
  });
});

describe('the test clock', () => {
  it('tells its offset to everybody, at the start and at every change', async () => {
    const seen: number[] = [];
    await setClockOffset(log.nc, 60_000, log);
    const stop = followClockOffset(log.nc, (offsetMs) => seen.push(offsetMs), log);
    await vi.waitFor(() => expect(seen).toEqual([60_000]));
    await setClockOffset(log.nc, -5, log);
    await vi.waitFor(() => expect(seen).toEqual([60_000, -5]));
    stop();
  });
});

describe('refused requests', () => {
  it('are counted by reason, with at most ten samples a second', async () => {
    const reporter = makeRefusedReporter(log.nc, { program: 'ingress', prefix: log.prefix });
    let samples = 0;
    for (let index = 0; index < 1000; index++) {
      reporter.report(index % 4 === 0 ? 'malformed' : 'unknown-application', () => {
        samples += 1;
        return { at: index, ip: '192.0.2.1', detail: 'x'.repeat(10_000) };
      });
    }
    reporter.stop();
    expect(samples).toBe(10);
    await vi.waitFor(async () => expect(await readRefused(log.nc, log)).toHaveLength(1));
    const [report] = await readRefused(log.nc, log);
    expect(report).toMatchObject({ program: 'ingress', counts: { malformed: 250, 'unknown-application': 750 } });
    expect(report!.samples).toHaveLength(10);
    expect(report!.samples[0]).toEqual({ reason: 'malformed', at: 0, ip: '192.0.2.1', detail: 'x'.repeat(500) });
  });

  it('are read newest first', async () => {
    for (const reason of ['first', 'second', 'third']) {
      const reporter = makeRefusedReporter(log.nc, { program: 'ingress', prefix: log.prefix });
      reporter.report(reason, () => ({ at: 1, ip: '', detail: '' }));
      reporter.stop();
    }
    await vi.waitFor(async () => expect(await readRefused(log.nc, log)).toHaveLength(3));
    expect((await readRefused(log.nc, { ...log, max: 2 })).map(({ counts }) => Object.keys(counts)[0])).toEqual([
      'third',
      'second',
    ]);
  });
});

describe('the streams', () => {
  it('are made once, grow loudly, never shrink, and say what is different', async () => {
    const make = (settings: { factsBytesMax: number; replicas?: number }) =>
      ensureStreams(log.nc, { replicas: natsReplicas(), prefix: log.prefix, ...settings });
    const size = 64 * 1024 * 1024;
    expect(await make({ factsBytesMax: size })).toEqual({ created: [], raised: [], differences: [] });
    const { facts } = logNames(log.prefix);
    expect(await make({ factsBytesMax: 2 * size })).toEqual({
      created: [],
      raised: [`${facts.stream}: max_bytes from ${size} to ${2 * size}`],
      differences: [],
    });
    expect(await make({ factsBytesMax: size })).toEqual({
      created: [],
      raised: [],
      differences: [`${facts.stream}: max_bytes is ${2 * size}, expected ${size}`],
    });
    expect((await make({ factsBytesMax: 2 * size, replicas: 5 })).differences).toContain(
      `${facts.stream}: num_replicas is ${natsReplicas()}, expected 5`,
    );
  });
});

describe('streams that NATS has no room for', () => {
  /** More than any disk has. */
  const factsBytesMax = 2 ** 52;

  it('are refused at once: no waiting mends that', async () => {
    const made = ensureStreams(log.nc, { replicas: natsReplicas(), prefix: `${log.prefix}-large`, factsBytesMax });
    await expect(made).rejects.toBeInstanceOf(NatsRefused);
  });

  it('stay as they are when they are there already, and are told', async () => {
    const { facts } = logNames(log.prefix);
    const report = await ensureStreams(log.nc, { replicas: natsReplicas(), prefix: log.prefix, factsBytesMax });
    expect(report.raised).toEqual([]);
    expect(report.differences).toEqual([expect.stringMatching(`^${facts.stream}: max_bytes is \\d+, expected`)]);
  });
});

describe('connecting', () => {
  it('waits for the server, says for what, and can be told to stop', async () => {
    const said: string[] = [];
    const stop = new AbortController();
    const url = 'nats://127.0.0.1:9';
    const connecting = connectNats({ url, name: 'test', say: (line) => said.push(line), signal: stop.signal });
    await vi.waitFor(() => expect(said.length).toBeGreaterThan(1), { timeout: 5000 });
    expect(said[0]).toMatch(/^waiting for NATS at nats:\/\/127\.0\.0\.1:9: /);
    stop.abort();
    await expect(connecting).rejects.toThrow('aborted');
  });

  it('refuses a server that is too old, in one line, and does not wait for it to become younger', async () => {
    // The first words of a server of 2.9, which is all that our side looks at.
    const info = {
      server_id: 'x',
      version: '2.9.10',
      proto: 1,
      host: '127.0.0.1',
      port: 0,
      max_payload: 1_048_576,
      headers: true,
    };
    const server = createServer((socket) => {
      socket.on('error', () => {}).write(`INFO ${JSON.stringify(info)}\r\n`);
      socket.on('data', (data) => data.includes('PING') && socket.write('PONG\r\n'));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const connecting = connectNats({ url: `nats://127.0.0.1:${port}`, name: 'test', say: () => {} });
    await expect(connecting).rejects.toThrow(
      `NATS server 2.9.10 at 127.0.0.1:${port} is too old: Platte needs 2.10 or newer`,
    );
    server.close();
  });
});
