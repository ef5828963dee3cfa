import { Controller } from '@nestjs/common';
import type { InputOf, OutputOf } from '@platte/api-contract';
import { findApplication, findChannel, findPackage } from '@platte/state-store';
import type { Command } from '../commands.js';
import { runEdit, toChanges } from '../edits.js';
import { seen, sees, type Caller } from '../http/caller.js';
import { Operation } from '../http/operation-route.js';
import { ApiProblem, notFound } from '../http/problems.js';
import { ApiParts } from '../parts.js';

/** A package and the channel that it is marked in. */
interface Mark {
  id: string;
  package: string;
}

@Controller()
export class CatalogCommandsController {
  constructor(private readonly parts: ApiParts) {}

  @Operation('createApplication')
  async createApplication(
    { body }: InputOf<'createApplication'>,
    caller: Caller,
  ): Promise<OutputOf<'createApplication'>> {
    const id = await this.create({ kind: 'CreateApplication', ...body }, caller);
    return this.application(id, caller);
  }

  @Operation('editApplication')
  async editApplication(
    { params, body, ifMatch }: InputOf<'editApplication'>,
    caller: Caller,
  ): Promise<OutputOf<'editApplication'>> {
    const read = () => this.application(params.id, caller);
    await runEdit(this.parts.runCommand, {
      ifMatch,
      caller,
      read,
      toCommand: (current) => ({ kind: 'EditApplication', application: current.id, changes: toChanges(current, body) }),
    });
    return read();
  }

  @Operation('deleteApplication')
  async deleteApplication({ params, ifMatch }: InputOf<'deleteApplication'>, caller: Caller): Promise<void> {
    await runEdit(this.parts.runCommand, {
      ifMatch,
      caller,
      read: () => this.application(params.id, caller),
      toCommand: ({ id }) => ({ kind: 'DeleteApplication', application: id }),
    });
  }

  @Operation('markDeadEnd')
  async markDeadEnd({ params, body }: InputOf<'markDeadEnd'>, caller: Caller): Promise<OutputOf<'markDeadEnd'>> {
    const { id: application } = await this.application(params.id, caller);
    const deadEnd = { version: params.version, reason: body.reason };
    await this.parts.runCommand({ kind: 'MarkDeadEnd', application, ...deadEnd }, caller);
    return deadEnd;
  }

  @Operation('clearDeadEnd')
  async clearDeadEnd({ params }: InputOf<'clearDeadEnd'>, caller: Caller): Promise<void> {
    const { id: application } = await this.application(params.id, caller);
    await this.parts.runCommand({ kind: 'ClearDeadEnd', application, version: params.version }, caller);
  }

  @Operation('removeExamplePackages')
  async removeExamplePackages({ params }: InputOf<'removeExamplePackages'>, caller: Caller): Promise<void> {
    const { id: application } = await this.application(params.id, caller);
    await this.parts.runCommand({ kind: 'RemoveExamplePackages', application }, caller);
  }

  @Operation('createPackage')
  async createPackage({ body }: InputOf<'createPackage'>, caller: Caller): Promise<OutputOf<'createPackage'>> {
    return this.package(await this.create({ kind: 'CreatePackage', ...body }, caller, body.application), caller);
  }

  @Operation('editPackage')
  async editPackage(
    { params, body, ifMatch }: InputOf<'editPackage'>,
    caller: Caller,
  ): Promise<OutputOf<'editPackage'>> {
    const read = () => this.package(params.id, caller);
    await runEdit(this.parts.runCommand, {
      ifMatch,
      caller,
      read,
      toCommand: (current) => ({
        kind: 'EditPackage',
        application: current.application,
        package: current.id,
        changes: toChanges(current, body),
      }),
    });
    return read();
  }

  @Operation('deletePackage')
  async deletePackage({ params, ifMatch }: InputOf<'deletePackage'>, caller: Caller): Promise<void> {
    await runEdit(this.parts.runCommand, {
      ifMatch,
      caller,
      read: () => this.package(params.id, caller),
      toCommand: ({ application, id }) => ({ kind: 'DeletePackage', application, package: id }),
    });
  }

  @Operation('createChannel')
  async createChannel({ body }: InputOf<'createChannel'>, caller: Caller): Promise<OutputOf<'createChannel'>> {
    return this.channel(await this.create({ kind: 'CreateChannel', ...body }, caller, body.application), caller);
  }

  @Operation('editChannel')
  async editChannel(
    { params, body, ifMatch }: InputOf<'editChannel'>,
    caller: Caller,
  ): Promise<OutputOf<'editChannel'>> {
    const read = () => this.channel(params.id, caller);
    await runEdit(this.parts.runCommand, {
      ifMatch,
      caller,
      read,
      toCommand: (current) => ({
        kind: 'EditChannel',
        application: current.application,
        channel: current.id,
        changes: toChanges(current, body),
      }),
    });
    return read();
  }

  @Operation('deleteChannel')
  async deleteChannel({ params, ifMatch }: InputOf<'deleteChannel'>, caller: Caller): Promise<void> {
    await runEdit(this.parts.runCommand, {
      ifMatch,
      caller,
      read: () => this.channel(params.id, caller),
      toCommand: ({ application, id }) => ({ kind: 'DeleteChannel', application, channel: id }),
    });
  }

  @Operation('setFloor')
  async setFloor({ params, body }: InputOf<'setFloor'>, caller: Caller): Promise<OutputOf<'setFloor'>> {
    return this.mark({ kind: 'SetFloor', reason: body.reason }, params, caller);
  }

  @Operation('removeFloor')
  async removeFloor({ params }: InputOf<'removeFloor'>, caller: Caller): Promise<void> {
    await this.mark({ kind: 'RemoveFloor' }, params, caller);
  }

  @Operation('blacklistPackage')
  async blacklistPackage(
    { params }: InputOf<'blacklistPackage'>,
    caller: Caller,
  ): Promise<OutputOf<'blacklistPackage'>> {
    return this.mark({ kind: 'BlacklistPackage' }, params, caller);
  }

  @Operation('unblacklistPackage')
  async unblacklistPackage({ params }: InputOf<'unblacklistPackage'>, caller: Caller): Promise<void> {
    await this.mark({ kind: 'UnblacklistPackage' }, params, caller);
  }

  /** @returns the id of what was made: the subject of the first fact */
  private async create(command: Command, caller: Caller, application?: string): Promise<string> {
    if (application !== undefined) await assertInSight(this.parts, application, caller);
    const { changes } = await this.parts.runCommand(command, caller);
    const [made] = changes;
    if (!made) throw new Error(`${command.kind} made nothing`);
    return made.subject;
  }

  private async mark(command: Command, { id, package: pack }: Mark, caller: Caller): Promise<OutputOf<'getChannel'>> {
    const { application } = await this.channel(id, caller);
    await this.parts.runCommand({ ...command, application, channel: id, package: pack }, caller);
    return this.channel(id, caller);
  }

  private async application(id: string, caller: Caller): Promise<OutputOf<'getApplication'>> {
    const application = await findApplication(this.parts.store.pool, id);
    if (!application || !sees(caller, application.id)) throw notFound('application', id);
    return application;
  }

  private async package(id: string, caller: Caller): Promise<OutputOf<'getPackage'>> {
    return seen(caller, 'package', id, await findPackage(this.parts.store.pool, id));
  }

  private async channel(id: string, caller: Caller): Promise<OutputOf<'getChannel'>> {
    return seen(caller, 'channel', id, await findChannel(this.parts.store.pool, id));
  }
}

/** What is created goes into an application that the body names: one that the caller may see. */
export async function assertInSight(parts: ApiParts, application: string, caller: Caller): Promise<void> {
  if (sees(caller, application) && (await findApplication(parts.store.pool, application))) return;
  const detail = `There is no application ${application}, or you may not see it.`;
  throw new ApiProblem('invalid-request', { detail, errors: [{ pointer: '/application', detail }] });
}
