import { Controller } from '@nestjs/common';
import type { InputOf, OutputOf, Rollout } from '@platte/api-contract';
import { findGroupView, findRollout } from '@platte/state-store';
import { runEdit, toChanges } from '../edits.js';
import { seen, type Caller } from '../http/caller.js';
import { Operation } from '../http/operation-route.js';
import { ApiProblem } from '../http/problems.js';
import { ApiParts } from '../parts.js';
import { toGroup, toRollout } from '../views.js';
import { assertInSight } from './catalog-commands.controller.js';

@Controller()
export class GroupCommandsController {
  constructor(private readonly parts: ApiParts) {}

  @Operation('createGroup')
  async createGroup({ body }: InputOf<'createGroup'>, caller: Caller): Promise<OutputOf<'createGroup'>> {
    await assertInSight(this.parts, body.application, caller);
    const { changes } = await this.parts.runCommand({ kind: 'CreateGroup', ...body }, caller);
    const [made] = changes;
    if (!made) throw new Error('CreateGroup made nothing');
    return this.group(made.subject, caller);
  }

  @Operation('editGroup')
  async editGroup({ params, body, ifMatch }: InputOf<'editGroup'>, caller: Caller): Promise<OutputOf<'editGroup'>> {
    const read = () => this.group(params.id, caller);
    await runEdit(this.parts.runCommand, {
      ifMatch,
      caller,
      read,
      toCommand: (current) => {
        const { policy, ...rest } = body;
        const changes = { ...rest, ...(policy && { policy: toChanges(current.policy, policy) }) };
        return { kind: 'EditGroup', application: current.application, group: current.id, changes };
      },
    });
    return read();
  }

  @Operation('deleteGroup')
  async deleteGroup({ params, ifMatch }: InputOf<'deleteGroup'>, caller: Caller): Promise<void> {
    await runEdit(this.parts.runCommand, {
      ifMatch,
      caller,
      read: () => this.group(params.id, caller),
      toCommand: ({ application, id }) => ({ kind: 'DeleteGroup', application, group: id }),
    });
  }

  @Operation('pauseGroup')
  async pauseGroup({ params, body }: InputOf<'pauseGroup'>, caller: Caller): Promise<OutputOf<'pauseGroup'>> {
    return this.command('PauseGroup', params.id, body.note, caller);
  }

  @Operation('resumeGroup')
  async resumeGroup({ params, body }: InputOf<'resumeGroup'>, caller: Caller): Promise<OutputOf<'resumeGroup'>> {
    return this.command('ResumeGroup', params.id, body.note, caller);
  }

  @Operation('startRollout')
  async startRollout({ params, body }: InputOf<'startRollout'>, caller: Caller): Promise<OutputOf<'startRollout'>> {
    const { rollout } = await this.command('StartRollout', params.id, body.note, caller);
    if (!rollout) throw new Error('StartRollout started nothing');
    return rollout;
  }

  @Operation('pauseRollout')
  async pauseRollout({ params, body }: InputOf<'pauseRollout'>, caller: Caller): Promise<OutputOf<'pauseRollout'>> {
    return this.rolloutCommand('PauseRollout', params.id, body.note, caller);
  }

  @Operation('resumeRollout')
  async resumeRollout({ params, body }: InputOf<'resumeRollout'>, caller: Caller): Promise<OutputOf<'resumeRollout'>> {
    return this.rolloutCommand('ResumeRollout', params.id, body.note, caller);
  }

  @Operation('haltRollout')
  async haltRollout({ params, body }: InputOf<'haltRollout'>, caller: Caller): Promise<OutputOf<'haltRollout'>> {
    return this.rolloutCommand('HaltRollout', params.id, body.note, caller);
  }

  private async command(
    kind: 'PauseGroup' | 'ResumeGroup' | 'StartRollout',
    id: string,
    cause: string,
    caller: Caller,
  ): Promise<OutputOf<'getGroup'>> {
    const { application } = await this.group(id, caller);
    await this.parts.runCommand({ kind, application, group: id, cause }, caller);
    return this.group(id, caller);
  }

  /** Policy knows a group's rollout of now: a command about another one is about one that has ended. */
  private async rolloutCommand(
    kind: 'PauseRollout' | 'ResumeRollout' | 'HaltRollout',
    id: string,
    cause: string,
    caller: Caller,
  ): Promise<Rollout> {
    const rollout = await this.rollout(id, caller);
    const group = await this.group(rollout.group, caller);
    if (group.rollout?.id !== id)
      throw new ApiProblem('refused', {
        reason: 'rollout-ended',
        detail: `The rollout of ${rollout.toVersion} was superseded.`,
      });
    const { application } = group;
    await this.parts.runCommand({ kind, application, group: group.id, seen: group.revision, cause }, caller);
    return this.rollout(id, caller);
  }

  private async group(id: string, caller: Caller): Promise<OutputOf<'getGroup'>> {
    return toGroup(seen(caller, 'group', id, await findGroupView(this.parts.store.pool, id)));
  }

  private async rollout(id: string, caller: Caller): Promise<Rollout> {
    return toRollout(seen(caller, 'rollout', id, await findRollout(this.parts.store.pool, id)));
  }
}
