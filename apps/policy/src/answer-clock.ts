// Tells ingress what PostgreSQL's clock says, so that it can warn of its own machine's clock.
import { renderStoreClock, storeClockSubject } from '@platte/rollout';
import type { Parts } from './parts.js';

export function answerClock({ nats, storeClock, stopper }: Pick<Parts, 'nats' | 'storeClock' | 'stopper'>): void {
  const subscription = nats.subscribe(storeClockSubject, {
    queue: 'policy',
    callback: (error, message) => {
      if (error === null) message.respond(renderStoreClock(storeClock.theirsNow()));
    },
  });
  stopper.add('clock', () => subscription.unsubscribe());
}
