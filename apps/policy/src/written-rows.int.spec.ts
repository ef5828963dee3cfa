import { connectNats, type NatsConnection } from '@platte/fact-log';
import { type InstanceCache, makeInstanceCache } from '@platte/state-store';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { followWrittenRows, type WrittenRows } from './written-rows.js';

/** For a machine that is busy with other tests. */
const patience = { timeout: 20_000, interval: 10 };
const remembered = {
  core: 1,
  report: 1,
  alias: 1,
  aliasAt: 1,
  status: 'granted',
  statusAt: 1,
  seenAt: 1,
  writtenSeenAt: 1,
} as const;

interface Replica {
  nats: NatsConnection;
  instances: InstanceCache;
  rows: WrittenRows;
}

let replicas: Replica[];

async function openReplica(): Promise<Replica> {
  const nats = await connectNats({ url: inject('natsUrl'), name: 'written-rows', say: () => {} });
  const instances = makeInstanceCache(10);
  for (const key of ['a', 'b']) instances.put(key, remembered);
  const rows = followWrittenRows(nats, instances);
  await nats.flush();
  return { nats, instances, rows };
}

beforeEach(async () => {
  replicas = [await openReplica(), await openReplica()];
});
afterEach(async () => {
  for (const { nats, rows } of replicas) {
    rows.stop();
    await nats.close();
  }
});

describe('a row that was written', () => {
  it('is forgotten by the other replicas, and by nobody else', async () => {
    const [one, other] = replicas as [Replica, Replica];
    one.rows.announce(['a']);
    await vi.waitFor(() => expect(other.instances.get('a')).toBeUndefined(), patience);
    expect(other.instances.get('b')).toEqual(remembered);
    expect(one.instances.size).toBe(2);
  });

  it('is not remembered across a lost connection, on either side', async () => {
    const [one, other] = replicas as [Replica, Replica];
    await one.nats.reconnect();
    await vi.waitFor(() => expect([one.instances.size, other.instances.size]).toEqual([0, 0]), patience);
  });
});
