// Questions of ingress: which of these machines may update. One replica takes each: the queue group `policy`.
//
// Not by Nest's transport, which commands use: its packet, observables and serializers cost some 4 us of each machine that asks
// (docs/decisions), as much as deciding does.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Msg } from '@platte/fact-log';
import { decideSubject, parseQuestion, renderDecisions, renderFailure } from '@platte/rollout';
import type { GrantDesk } from './grant-desk.js';
import type { Parts } from './parts.js';

/** A server that is away would be waited for until it comes back. */
const drainMsMax = 1_000;

/** From now on; when the program stops, what came in before is still answered. */
export function answerQuestions(
  { nats, log, stopper }: Pick<Parts, 'nats' | 'log' | 'stopper'>,
  desk: GrantDesk,
): void {
  const answering = new Set<Promise<void>>();

  async function answer(message: Msg): Promise<void> {
    try {
      const asked = parseQuestion(message.string());
      message.respond(renderDecisions(await desk.decide(asked), desk.noticesFor(asked)));
    } catch (error) {
      log.warn({ err: error }, 'a question cannot be read: its machines are told that policy is unavailable');
      message.respond(renderFailure('the question cannot be read'));
    }
  }
  function take(message: Msg): void {
    const one = answer(message).finally(() => answering.delete(one));
    answering.add(one);
  }

  const subscription = nats.subscribe(decideSubject, {
    queue: 'policy',
    callback: (error, message) => {
      if (error === null) take(message);
    },
  });
  stopper.add('questions', async () => {
    await Promise.race([subscription.drain().catch(() => {}), sleep(drainMsMax, undefined, { ref: false })]);
    await Promise.all(answering);
  });
}
