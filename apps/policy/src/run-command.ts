// One command: read it, execute it, say what came of it. Never rejects: whatever goes wrong is an answer too.
import { randomUUID } from 'node:crypto';
import { type Actor, describeActor, toActor } from '@platte/facts';
import {
  type CatalogCommand,
  type CommandReply,
  CommandRequest,
  findHidden,
  isRejection,
  refuse,
  type Rejection,
} from '@platte/rollout';
import type { Counter, Log } from '@platte/service';
import { CommandBlocked, DecisionUnderWay, executeCatalogCommand } from '@platte/state-store';
import type { z } from 'zod';
import type { Parts } from './parts.js';

export type RunCommand = (data: unknown) => Promise<CommandReply>;

export function makeRunCommand({ store, clock, nextPosition, config, log, metrics }: Parts): RunCommand {
  const commands = metrics.counter({
    name: 'platte_policy_commands_total',
    help: 'Commands of the catalog by kind and by what came of them: done, or the reason of the refusal.',
    labels: ['kind', 'outcome'],
  });
  return async (data) => {
    const request = CommandRequest.safeParse(data);
    if (!request.success) {
      commands.inc({ kind: 'unreadable', outcome: 'invalid-command' });
      return toRejected(toInvalid(request.error));
    }
    const { command, dryRun } = request.data;
    const actor = toActor(request.data.actor, request.data.actorKind);
    const hidden = findHiddenText(command);
    if (hidden) {
      count(commands, command, hidden.rejected);
      return toRejected(hidden);
    }
    const now = clock.now();
    const context = {
      actor,
      dryRun,
      now,
      forceMs: config.forceLasts,
      newId: randomUUID,
      position: () => nextPosition(now),
    };
    try {
      const executed = await executeCatalogCommand(store, command, context);
      count(commands, command, isRejection(executed) ? executed.rejected : 'done');
      if (isRejection(executed)) return toRejected(executed);
      tell(log, { actor, command, dryRun, revision: executed.revision });
      const changes = executed.facts.map((fact) => ({ kind: fact.kind, subject: subjectOf(fact), group: fact.group }));
      const { revision, plan } = executed;
      return { status: 'done', revision, changes, ...(plan && { plan }) };
    } catch (error) {
      count(commands, command, error instanceof CommandBlocked ? 'locked' : 'failed');
      if (error instanceof CommandBlocked || error instanceof DecisionUnderWay) {
        log.warn({ command: command.kind, holders: error.holders }, error.message);
        return { status: 'failed', words: error.message, blockedBy: [...error.holders] };
      }
      log.error({ err: error, command: command.kind }, 'a command failed');
      return {
        status: 'failed',
        words: 'Policy could not reach PostgreSQL, or failed in it: nothing was changed. Its log says more.',
      };
    }
  };
}

/** Machines name themselves: a person must be able to act on one whatever its id is. */
function findHiddenText(command: CatalogCommand): Rejection | undefined {
  const [found] = findHidden('machine' in command ? { ...command, machine: '' } : command);
  return found && refuse('invalid-command', `A text of the command ${found.words}.`, toPointer(found.path));
}

type Fact = { subject: string } | { rollout: string };

function subjectOf(fact: Fact): string {
  return 'subject' in fact ? fact.subject : fact.rollout;
}

function count(commands: Counter<'kind' | 'outcome'>, { kind }: CatalogCommand, outcome: string): void {
  commands.inc({ kind, outcome });
}

function tell(
  log: Log,
  done: { actor: Actor; command: CatalogCommand; dryRun: boolean; revision: number | null },
): void {
  const { actor, command, dryRun, revision } = done;
  const application = 'application' in command ? command.application : undefined;
  if (!dryRun)
    log.info({ actor: describeActor(actor), command: command.kind, application, revision }, 'a command was executed');
}

function toRejected(rejection: Rejection): CommandReply {
  return { status: 'rejected', rejection };
}

/** The pointer is into the command: that is what the sender wrote. */
function toInvalid(error: z.ZodError): Rejection {
  const [issue] = error.issues;
  const path = issue?.path ?? [];
  return refuse(
    'invalid-command',
    `The command cannot be read: ${issue?.message ?? 'it has the wrong shape'}.`,
    toPointer(path[0] === 'command' ? path.slice(1) : path),
  );
}

function toPointer(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
