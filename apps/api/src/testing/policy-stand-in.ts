// Answers commands as policy does, with the same decider and the same store: policy itself is another program.
import { randomUUID } from 'node:crypto';
import type { NatsConnection } from '@nats-io/transport-node';
import { makePositions, toActor } from '@platte/facts';
import { CommandReply, CommandRequest, isRejection } from '@platte/rollout';
import { executeCatalogCommand, type Store } from '@platte/state-store';
import type { z } from 'zod';

const forceMs = 24 * 3_600_000;

export function answerCommands(nc: NatsConnection, subject: string, store: Store): void {
  const draw = makePositions(7);
  nc.subscribe(subject, {
    callback: (_, message) => {
      void answer(store, message.json(), () => draw(Date.now())).then((reply) =>
        message.respond(JSON.stringify(reply)),
      );
    },
  });
}

async function answer(
  store: Store,
  request: unknown,
  position: () => { at: number; n: number },
): Promise<z.input<typeof CommandReply>> {
  const { actor: name, actorKind, command, dryRun } = CommandRequest.parse(request);
  const actor = toActor(name, actorKind);
  const context = { actor, dryRun, now: Date.now(), newId: () => randomUUID(), forceMs, position };
  const result = await executeCatalogCommand(store, command, context);
  if (isRejection(result)) return { status: 'rejected', rejection: result };
  const changes = result.facts.map((fact) =>
    'subject' in fact
      ? { kind: fact.kind, subject: fact.subject, group: fact.group }
      : { kind: fact.kind, subject: fact.rollout, group: fact.group },
  );
  return CommandReply.parse({ status: 'done', revision: result.revision, changes, plan: result.plan });
}
