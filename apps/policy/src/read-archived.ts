// Facts that the log no longer has, from the history's archive: asked of analytics, which sends them in several messages and an
// empty one at the end.
import { archivedEndHeader, archivedSubject, type NatsConnection } from '@platte/fact-log';
import { decodeBatch } from '@platte/facts';
import type { ReadArchived } from './learn-from-log.js';

/** The first message takes as long as ClickHouse reads. */
const patienceMs = 120_000;

export function makeReadArchived({ nats }: { nats: NatsConnection }): ReadArchived {
  return async function* (span) {
    const messages = await nats.requestMany(archivedSubject, JSON.stringify(span), {
      strategy: 'sentinel',
      maxWait: patienceMs,
    });
    let isWhole = false;
    for await (const message of messages) {
      isWhole = message.headers?.has(archivedEndHeader) === true;
      if (message.data.length > 0) yield decodeBatch(message.data).facts;
    }
    if (!isWhole) throw new Error('analytics did not send what the archive has: is it up, and ClickHouse with it?');
  };
}
