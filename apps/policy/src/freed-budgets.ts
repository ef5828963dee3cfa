// Slots that were freed, told to every replica, and to every ingress: a group whose budget was taken for spent may have something to grant
// again. A hint: who misses it takes a budget for spent for a second at most.
import type { NatsConnection } from '@platte/fact-log';
import { freedSubject } from '@platte/rollout';

export function announceFreed(nats: NatsConnection, groups: readonly string[]): void {
  if (groups.length > 0 && !nats.isClosed()) nats.publish(freedSubject, JSON.stringify(groups));
}

/** @returns a function that ends it */
export function followFreed(nats: NatsConnection, onFreed: (group: string) => void): () => void {
  const subscription = nats.subscribe(freedSubject, {
    callback: (error, message) => {
      if (error !== null) return;
      for (const group of readStrings(message.data)) onFreed(group);
    },
  });
  return () => subscription.unsubscribe();
}

/** What is no list of texts says nothing: other versions of this program may say more. */
export function readStrings(data: Uint8Array): string[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(data).toString('utf8'));
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  } catch {
    return [];
  }
}
