// Pull requests on a cluster: it reports that a request is complete while the messages wait for the agreement of its servers.
import { randomBytes } from 'node:crypto';
import { AckPolicy, jetstreamManager, StorageType } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { connectNats } from './connect.js';
import { makePuller, type Puller } from './pull.js';

const stream = `PULL_${randomBytes(4).toString('hex')}`;
const durable = 'policy';
const bodyBytes = 1000;

let nc: NatsConnection;
let pullers: Puller[];
beforeEach(async () => {
  nc = await connectNats({ url: inject('natsUrl'), ...inject('natsAccess'), name: 'test', say: () => {} });
  pullers = [];
  const manager = await jetstreamManager(nc);
  const kept = { storage: StorageType.File, num_replicas: inject('natsReplicas') };
  await manager.streams.add({ name: stream, subjects: [`${stream}.>`], ...kept });
  await manager.consumers.add(stream, { durable_name: durable, ack_policy: AckPolicy.Explicit });
});
afterEach(async () => {
  await Promise.all(pullers.map((puller) => puller.close()));
  await (await jetstreamManager(nc)).streams.delete(stream);
  await nc.close();
});

async function publish(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await nc.request(`${stream}.x`, Buffer.alloc(bodyBytes));
}

function openPuller(bytesMax: number): { puller: Puller; received: () => number } {
  let received = 0;
  const puller = makePuller(nc, { stream, durable, bytesMax, onMessage: () => (received += 1) });
  pullers.push(puller);
  return { puller, received: () => received };
}

it('a request is done when its messages have come, and not before', async () => {
  await publish(60);
  const { puller, received } = openPuller(4 * 1024 * 1024);
  for (let round = 1; round <= 3; round++) {
    expect(await puller.pull(20)).toEqual({ status: 'done' });
    expect(received()).toBe(20 * round);
  }
});

it('a request whose bytes are used up is done when the messages that fit have come', async () => {
  await publish(20);
  // Three bodies, their subjects and acknowledgement subjects: a fourth does not fit.
  const { puller, received } = openPuller(4 * bodyBytes);
  for (let round = 1; round <= 3; round++) {
    expect(await puller.pull(20)).toEqual({ status: 'done' });
    expect(received()).toBe(3 * round);
  }
});
