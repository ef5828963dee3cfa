// Slots that were freed, as policy announces them: a notice that a concurrency limit is spent is over then.
import type { NatsConnection } from '@nats-io/transport-node';
import { freedSubject } from '@platte/rollout';
import { z } from 'zod';

const Groups = z.array(z.string());

/** @returns how to stop following */
export function followFreed(nats: NatsConnection, onFreed: (groups: readonly string[]) => void): () => void {
  const subscription = nats.subscribe(freedSubject, {
    callback: (error, message) => {
      if (error === null) onFreed(readGroups(message.string()));
    },
  });
  return () => subscription.unsubscribe();
}

/** What is no list of texts says nothing: another version of policy may say more. */
function readGroups(text: string): readonly string[] {
  try {
    return Groups.safeParse(JSON.parse(text)).data ?? [];
  } catch {
    return [];
  }
}
