// Compares this machine's clock with PostgreSQL's, as policy tells it: facts carry the time of this machine, and the clocks of
// replicas must agree within a second. Ingress has no connection to PostgreSQL.
import { parseStoreClock, storeClockSubject } from '@platte/rollout';
import { type Chassis, type ClockDifference, watchClockDifference } from '@platte/service';
import type { NatsLink } from './nats-link.js';

const periodMs = 10_000;
/** The answer takes a millisecond; one that takes long says little. */
const answerMsMax = 500;

export function watchClock(
  { health, metrics, log, stopper }: Pick<Chassis<unknown>, 'health' | 'metrics' | 'log' | 'stopper'>,
  nats: Pick<NatsLink, 'connected' | 'request'>,
): void {
  const clock = watchClockDifference('PostgreSQL', { health, metrics, log });
  const look = (): void => void readClock(nats, clock);
  const timer = setInterval(look, periodMs);
  stopper.add('clock', () => clearInterval(timer));
  // Whoever connects reports why it could not.
  void nats.connected.then(look, () => {});
}

/** While policy is away, or of a version that does not answer this, what is known stays. */
async function readClock(nats: Pick<NatsLink, 'request'>, clock: ClockDifference): Promise<void> {
  const askedAt = Date.now();
  try {
    const theirs = parseStoreClock(await nats.request(storeClockSubject, '', answerMsMax));
    if (theirs !== undefined) clock.note({ theirs, askedAt, answeredAt: Date.now() });
  } catch {
    // It is asked again soon.
  }
}
