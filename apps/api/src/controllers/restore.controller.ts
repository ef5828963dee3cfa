import { Controller } from '@nestjs/common';
import { type InputOf, type OutputOf, type ProblemName, toInstant } from '@platte/api-contract';
import { describeActor, toActor } from '@platte/facts';
import type { LostChange } from '@platte/rollout';
import { finishRestore, noteOutcomes, readOpenRestore, type Restore } from '@platte/state-store';
import { z } from 'zod';
import { toActorView } from '../actor-view.js';
import { type Command, stopDryRun } from '../commands.js';
import { actorOf, type Caller } from '../http/caller.js';
import { Operation } from '../http/operation-route.js';
import { ApiProblem } from '../http/problems.js';
import { ApiParts } from '../parts.js';

/** What a PostgreSQL that was restored from a backup forgot: listed by policy, and made again by a person's own commands. */
@Controller()
export class RestoreController {
  constructor(private readonly parts: ApiParts) {}

  @Operation('getRestore')
  async getRestore(): Promise<OutputOf<'getRestore'>> {
    return toView(await readOpenRestore(this.parts.store.pool));
  }

  @Operation('applyRestore')
  async applyRestore({ body }: InputOf<'applyRestore'>, caller: Caller): Promise<OutputOf<'applyRestore'>> {
    const { store } = this.parts;
    const restore = await this.readWaiting();
    const left = restore.changes.filter(isLeft);
    stopDryRun(
      caller,
      left.map(({ kind, subject }) => ({ kind, subject, before: null, after: null })),
    );
    // The outcome is stored after each change, so that a second call continues with the changes that are left.
    for (const change of left) {
      change.outcome = await this.apply(change, caller);
      await noteOutcomes(store, restore.id, restore.changes);
    }
    const refused = restore.changes.filter(isLeft);
    if (refused.length > 0 && !body.acceptRefused) throw toRefused(refused);
    await finishRestore(store, restore.id, describeActor(actorOf(caller)));
    return { ...toView(restore), state: 'none' };
  }

  private async readWaiting(): Promise<Restore> {
    const restore = await readOpenRestore(this.parts.store.pool);
    if (restore?.state === 'waiting') return restore;
    const detail =
      restore === null
        ? 'PostgreSQL knows what the log does: there is nothing to apply.'
        : 'Policy still reads from the log what PostgreSQL forgot: wait until the state is `waiting`.';
    throw new ApiProblem('refused', { detail });
  }

  /** @throws ApiProblem when policy is away, or somebody holds a lock: it is tried again */
  private async apply({ command }: LostChange, caller: Caller): Promise<string> {
    try {
      await this.parts.runCommand(Command.parse(command), caller);
      return 'applied';
    } catch (error) {
      if (!(error instanceof ApiProblem) || !refusals.has(error.kind)) throw error;
      return error.message;
    }
  }
}

function toRefused(refused: readonly LostChange[]): ApiProblem {
  const words = refused.map(({ kind, outcome }) => `${kind}: ${outcome ?? ''}`).join(' ');
  return new ApiProblem('refused', {
    detail: `${refused.length} changes were refused, and grants wait. ${words}`,
    remedy: 'Mend what they name and apply again, which tries only what is left; or accept that they are lost.',
  });
}

const Command = z.looseObject({ kind: z.string() }) as unknown as z.ZodType<Command>;

/** That the change as it was cannot be made: another try says the same until somebody mends something. */
const refusals: ReadonlySet<ProblemName> = new Set<ProblemName>(['refused', 'not-found', 'invalid-request']);

const isLeft = ({ command, outcome }: LostChange): boolean => command !== null && outcome !== 'applied';

const noRestore = { state: 'none', foundAt: null, since: null, grants: 0, ends: 0, unlogged: 0, changes: [] } as const;

function toView(restore: Restore | null): OutputOf<'getRestore'> {
  if (restore === null || restore.state === 'done') return { ...noRestore, changes: [] };
  const { state, foundAt, since, learned, changes } = restore;
  const { grants, ends, unlogged } = learned;
  return {
    state,
    foundAt: toInstant(foundAt),
    since: since === 0 ? null : toInstant(since),
    grants,
    ends,
    unlogged,
    changes: changes.map(toChange),
  };
}

function toChange(change: LostChange): OutputOf<'getRestore'>['changes'][number] {
  const { at, actor, actorKind, kind, application, group, machine: instance, subject, command, outcome } = change;
  const by = toActorView(toActor(actor, actorKind));
  return { at: toInstant(at), ...by, kind, application, group, instance, subject, applies: command !== null, outcome };
}
