import { Controller } from '@nestjs/common';
import type { Instance, InputOf, OutputOf } from '@platte/api-contract';
import type { Command } from '../commands.js';
import type { Caller } from '../http/caller.js';
import { Operation } from '../http/operation-route.js';
import { findMachineToMark, showMachine, type FoundMachine } from '../machines.js';
import { ApiParts } from '../parts.js';

interface Asked {
  params: { id: string };
  query: { application?: string | undefined };
}

@Controller()
export class InstanceCommandsController {
  constructor(private readonly parts: ApiParts) {}

  @Operation('editInstance')
  async editInstance(input: InputOf<'editInstance'>, caller: Caller): Promise<OutputOf<'editInstance'>> {
    const found = await this.find(input, caller);
    const { alias, labels } = input.body;
    await this.run(found, { kind: 'EditMachine', name: alias, labels }, caller);
    return showMachine(this.parts, found);
  }

  @Operation('deleteInstance')
  async deleteInstance(input: InputOf<'deleteInstance'>, caller: Caller): Promise<void> {
    await this.run(await this.find(input, caller), { kind: 'DeleteMachine' }, caller);
  }

  @Operation('holdInstance')
  async holdInstance(input: InputOf<'holdInstance'>, caller: Caller): Promise<OutputOf<'holdInstance'>> {
    return this.command({ kind: 'HoldMachine', note: input.body.note }, input, caller);
  }

  @Operation('releaseInstance')
  async releaseInstance(input: InputOf<'releaseInstance'>, caller: Caller): Promise<OutputOf<'releaseInstance'>> {
    return this.command({ kind: 'ReleaseMachine' }, input, caller);
  }

  @Operation('forceInstance')
  async forceInstance(input: InputOf<'forceInstance'>, caller: Caller): Promise<OutputOf<'forceInstance'>> {
    return this.command({ kind: 'ForceMachine' }, input, caller);
  }

  @Operation('cancelInstance')
  async cancelInstance(input: InputOf<'cancelInstance'>, caller: Caller): Promise<OutputOf<'cancelInstance'>> {
    return this.command({ kind: 'CancelAttempt', cause: input.body.note }, input, caller);
  }

  @Operation('retryInstance')
  async retryInstance(input: InputOf<'retryInstance'>, caller: Caller): Promise<OutputOf<'retryInstance'>> {
    return this.command({ kind: 'ForgiveFailures', cause: input.body.note }, input, caller);
  }

  private async command(command: Command, asked: Asked, caller: Caller): Promise<Instance> {
    const found = await this.find(asked, caller);
    await this.run(found, command, caller);
    return showMachine(this.parts, found);
  }

  private async run({ application, machine }: FoundMachine, command: Command, caller: Caller): Promise<void> {
    await this.parts.runCommand({ ...command, application, machine }, caller);
  }

  private find({ params, query }: Asked, caller: Caller): Promise<FoundMachine> {
    return findMachineToMark(this.parts, params.id, query.application, caller);
  }
}
