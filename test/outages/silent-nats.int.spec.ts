// A connection to NATS that stays open and falls silent: what waits for an answer or an acknowledgement ends in time, the
// connection is destroyed and replaced, and publishing, following and questions go on over the new one.
import {
  connectNats,
  followClockOffset,
  followFacts,
  type FactMessage,
  makeAppender,
  type NatsConnection,
  setClockOffset,
} from '@platte/fact-log';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { type Link, openLink } from '../chaos/link.js';
import { makeFact, openTestLog, type TestLog } from '../log/fixture.js';

let link: Link;
/** Over the link. */
let near: TestLog;
/** Past it. */
let far: NatsConnection;

beforeEach(async () => {
  const { port } = new URL(inject('natsUrl'));
  link = await openLink('nats', () => Number(port));
  near = await openTestLog(`nats://127.0.0.1:${link.port}`);
  far = await connectNats({ url: inject('natsUrl'), name: 'far', say: () => {} });
});
afterEach(async () => {
  await far.close();
  await near.close();
  await link.close();
});

it('publishing, following and questions end in time, and go on over a new connection', async () => {
  const { nc, prefix } = near;
  const seen: number[] = [];
  const offsets: number[] = [];
  const waiters: (() => void)[] = [];
  const tell = (): void => waiters.forEach((waiter) => waiter());
  const until = (isSo: () => boolean): Promise<void> =>
    new Promise((resolve) => waiters.push(() => isSo() && resolve()));
  const follower = await followFacts({
    nc,
    durable: 'test',
    prefix,
    onBatch: async (batch: FactMessage[]) => {
      seen.push(...batch.flatMap(({ facts }) => facts.map(({ n }) => n)));
      tell();
    },
  });
  const unfollow = followClockOffset(
    nc,
    (offsetMs) => {
      offsets.push(offsetMs);
      tell();
    },
    { prefix },
  );
  const answering = nc.subscribe(`${prefix}.ask`, { callback: (_, message) => void message.respond('yes') });
  const appender = makeAppender({ nc, program: 'test', prefix });
  await appender.appendAll([makeFact(1)], { id: '1' });
  await until(() => seen.includes(1));

  const reconnected = untilReconnected(nc);
  expect(link.freeze()).toBeGreaterThan(0);
  const outcome = appender.appendAll([makeFact(2)], { id: '2' }).then(
    () => 'stored',
    (error: unknown) => String(error),
  );
  const question = nc.request(`${prefix}.ask`, '', { timeout: 500 }).catch((error: unknown) => String(error));
  expect(await question).toMatch(/timeout/i);
  expect(await outcome).toMatch(/no acknowledgement|was lost/);
  await reconnected;

  // The same again, under the same id: stored once.
  await appender.appendAll([makeFact(2)], { id: '2' });
  await setClockOffset(far, 7, { prefix });
  await until(() => seen.includes(2) && offsets.includes(7));
  expect((await far.request(`${prefix}.ask`)).string()).toBe('yes');
  answering.unsubscribe();
  unfollow();
  await follower.stop();
  await appender.close();
});

it('a connection whose buffers are full of what nobody takes is replaced too', async () => {
  const { nc, prefix } = near;
  const reconnected = untilReconnected(nc);
  link.freeze();
  const piece = new Uint8Array(512 * 1024);
  for (let sent = 0; sent < 64 * 2 ** 20; sent += piece.length) nc.publish(`${prefix}.void`, piece);
  await reconnected;
  expect((await nc.request('$JS.API.INFO')).data.length).toBeGreaterThan(0);
});

async function untilReconnected(nc: NatsConnection): Promise<void> {
  for await (const { type } of nc.status()) if (type === 'reconnect') return;
}
