// The platform's test offset: one number of milliseconds that every program adds to its clock, so that a test can move
// the whole platform in time. Programs follow it in test mode only.
import type { NatsConnection } from '@nats-io/transport-node';
import { followValues, putValue } from './values.js';

const key = 'test.clock-offset';

export async function setClockOffset(
  nc: NatsConnection,
  offsetMs: number,
  { prefix }: { prefix?: string } = {},
): Promise<void> {
  await putValue(nc, { prefix, key, value: String(offsetMs), isNewer: () => true });
}

/** Calls back with the offset that is set, if any, and at every change. @returns a function that ends it. */
export function followClockOffset(
  nc: NatsConnection,
  onOffset: (offsetMs: number) => void,
  { prefix }: { prefix?: string } = {},
): () => void {
  return followValues(nc, {
    prefix,
    keys: key,
    onValue: (_, data) => onOffset(Number(Buffer.from(data).toString('utf8'))),
  });
}
