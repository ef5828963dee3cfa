import { Controller } from '@nestjs/common';
import type { InputOf, OutputOf } from '@platte/api-contract';
import type { Scope } from '@platte/history';
import { findApplication, findGroupView } from '@platte/state-store';
import { seen, sees, type Caller } from '../http/caller.js';
import { Operation } from '../http/operation-route.js';
import { notFound } from '../http/problems.js';
import { ApiParts } from '../parts.js';
import { readFailures, readFunnel, readSeen, readSilent, readStatusCounts } from '../progress.js';

type Part = Pick<Scope, 'channel' | 'arch' | 'oem'>;

@Controller()
export class ProgressController {
  constructor(private readonly parts: ApiParts) {}

  @Operation('getGroupFailures')
  async getGroupFailures(
    { params, query }: InputOf<'getGroupFailures'>,
    caller: Caller,
  ): Promise<OutputOf<'getGroupFailures'>> {
    return readFailures(this.parts, await this.group(params.id, query, caller), query);
  }

  @Operation('getGroupFunnel')
  async getGroupFunnel(
    { params, query }: InputOf<'getGroupFunnel'>,
    caller: Caller,
  ): Promise<OutputOf<'getGroupFunnel'>> {
    return readFunnel(this.parts, await this.group(params.id, query, caller), query);
  }

  @Operation('getGroupSilentInstances')
  async getGroupSilentInstances(
    { params, query }: InputOf<'getGroupSilentInstances'>,
    caller: Caller,
  ): Promise<OutputOf<'getGroupSilentInstances'>> {
    return readSilent(this.parts, await this.group(params.id, query, caller), query);
  }

  @Operation('getGroupStatusCounts')
  async getGroupStatusCounts(
    { params, query }: InputOf<'getGroupStatusCounts'>,
    caller: Caller,
  ): Promise<OutputOf<'getGroupStatusCounts'>> {
    return readStatusCounts(this.parts, await this.group(params.id, query, caller), query);
  }

  @Operation('getGroupInstancesSeen')
  async getGroupInstancesSeen(
    { params, query }: InputOf<'getGroupInstancesSeen'>,
    caller: Caller,
  ): Promise<OutputOf<'getGroupInstancesSeen'>> {
    return readSeen(this.parts, await this.group(params.id, query, caller), query);
  }

  @Operation('getApplicationFailures')
  async getApplicationFailures(
    { params, query }: InputOf<'getApplicationFailures'>,
    caller: Caller,
  ): Promise<OutputOf<'getApplicationFailures'>> {
    return readFailures(this.parts, await this.application(params.id, query, caller), query);
  }

  @Operation('getApplicationFunnel')
  async getApplicationFunnel(
    { params, query }: InputOf<'getApplicationFunnel'>,
    caller: Caller,
  ): Promise<OutputOf<'getApplicationFunnel'>> {
    return readFunnel(this.parts, await this.application(params.id, query, caller), query);
  }

  @Operation('getApplicationSilentInstances')
  async getApplicationSilentInstances(
    { params, query }: InputOf<'getApplicationSilentInstances'>,
    caller: Caller,
  ): Promise<OutputOf<'getApplicationSilentInstances'>> {
    return readSilent(this.parts, await this.application(params.id, query, caller), query);
  }

  @Operation('getApplicationStatusCounts')
  async getApplicationStatusCounts(
    { params, query }: InputOf<'getApplicationStatusCounts'>,
    caller: Caller,
  ): Promise<OutputOf<'getApplicationStatusCounts'>> {
    return readStatusCounts(this.parts, await this.application(params.id, query, caller), query);
  }

  @Operation('getApplicationInstancesSeen')
  async getApplicationInstancesSeen(
    { params, query }: InputOf<'getApplicationInstancesSeen'>,
    caller: Caller,
  ): Promise<OutputOf<'getApplicationInstancesSeen'>> {
    return readSeen(this.parts, await this.application(params.id, query, caller), query);
  }

  private async group(id: string, { channel, arch, oem }: Part, caller: Caller): Promise<Scope> {
    const group = seen(caller, 'group', id, await findGroupView(this.parts.store.pool, id));
    return { app: group.application, group: group.id, channel, arch, oem };
  }

  private async application(id: string, { channel, arch, oem }: Part, caller: Caller): Promise<Scope> {
    const application = await findApplication(this.parts.store.pool, id);
    if (!application || !sees(caller, application.id)) throw notFound('application', id);
    return { app: application.id, channel, arch, oem };
  }
}
