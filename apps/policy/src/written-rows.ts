// Rows of machines that a replica wrote, told to the others, which forget what they remember of them. A notice that is lost
// would leave an old row remembered for good, and what equals it is not written: so whoever was without its connection forgets
// all, and tells the others to, as notices were lost in both directions. It costs one read per machine.
import { randomUUID } from 'node:crypto';
import { followConnection, type NatsConnection, writtenRowsSubject as subject } from '@platte/fact-log';
import type { InstanceCache } from '@platte/state-store';
import { readStrings } from './freed-budgets.js';

export interface WrittenRows {
  announce: (keys: readonly string[]) => void;
  stop: () => void;
}

/** Above it a message would pass what NATS takes; then all is forgotten. */
const keysMax = 5_000;

export function followWrittenRows(nats: NatsConnection, instances: InstanceCache): WrittenRows {
  const self = randomUUID();
  /** No keys mean all. */
  const tell = (keys: readonly string[]): void => {
    if (!nats.isClosed()) nats.publish(subject, JSON.stringify([self, ...keys]));
  };
  const subscription = nats.subscribe(subject, {
    callback: (error, message) => {
      const [sender, ...keys] = error === null ? readStrings(message.data) : [self];
      if (sender === self) return;
      if (keys.length === 0) instances.clear();
      for (const key of keys) instances.forget(key);
    },
  });
  let wasAway = false;
  const unfollow = followConnection(nats, ({ up }) => {
    if (up && wasAway) {
      instances.clear();
      tell([]);
    }
    wasAway = !up;
  });
  return {
    announce: (keys) => {
      if (keys.length > 0) tell(keys.length > keysMax ? [] : keys);
    },
    stop: () => {
      unfollow();
      subscription.unsubscribe();
    },
  };
}
