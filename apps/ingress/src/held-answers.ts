// Requests that wait for their answer: counted, because each costs memory, and each answered once, whatever goes wrong between.
import type { FixedReply } from './fixed-replies.js';
import type { Reply } from './omaha-server.js';

export interface HeldAnswers {
  /** Counts a request in. The first thing that is said of it is its answer; the rest is dropped. */
  hold: (reply: Reply) => Reply;
  count: () => number;
  /** Resolves when none is held. */
  drained: () => Promise<void>;
}

export function makeHeldAnswers(): HeldAnswers {
  let held = 0;
  let onDrained: (() => void) | undefined;
  return {
    hold(reply) {
      let isOpen = true;
      held++;
      const close = (): boolean => {
        if (!isOpen) return false;
        isOpen = false;
        held--;
        if (held === 0) onDrained?.();
        return true;
      };
      return {
        document: (xml: string) => close() && reply.document(xml),
        refuse: (refusal: FixedReply) => close() && reply.refuse(refusal),
      };
    },
    count: () => held,
    drained: () => (held === 0 ? Promise.resolve() : new Promise((resolve) => (onDrained = resolve))),
  };
}
