import { Controller } from '@nestjs/common';
import type { InputOf, OutputOf } from '@platte/api-contract';
import { findApplication, findGroupView } from '@platte/state-store';
import { seen, sees, type Caller } from '../http/caller.js';
import { Operation } from '../http/operation-route.js';
import { notFound } from '../http/problems.js';
import { ApiParts } from '../parts.js';
import {
  readBreakdown,
  readDifference,
  readPresenceTimeline,
  readStatusTimeline,
  readVersionTimeline,
  toWindow,
  type Counted,
} from '../timelines.js';

/** What of a group or an application is asked for. */
type Part = Pick<InputOf<'getVersionTimeline'>['query'], 'channel' | 'arch' | 'oem' | 'window'>;
const toPart = ({ channel, arch, oem, window }: Part) => ({ channel, arch, oem, windowMs: toWindow(window) });

@Controller()
export class TimelinesController {
  constructor(private readonly parts: ApiParts) {}

  @Operation('getGroupBreakdown')
  async getGroupBreakdown(
    { params, query }: InputOf<'getGroupBreakdown'>,
    caller: Caller,
  ): Promise<OutputOf<'getGroupBreakdown'>> {
    return readBreakdown(this.parts, await this.group(params.id, query, caller), query.at);
  }

  @Operation('getGroupDifference')
  async getGroupDifference(
    { params, query }: InputOf<'getGroupDifference'>,
    caller: Caller,
  ): Promise<OutputOf<'getGroupDifference'>> {
    return readDifference(this.parts, await this.group(params.id, query, caller), query);
  }

  @Operation('getVersionTimeline')
  async getVersionTimeline(
    { params, query }: InputOf<'getVersionTimeline'>,
    caller: Caller,
  ): Promise<OutputOf<'getVersionTimeline'>> {
    return readVersionTimeline(this.parts, await this.group(params.id, query, caller), query);
  }

  @Operation('getStatusTimeline')
  async getStatusTimeline(
    { params, query }: InputOf<'getStatusTimeline'>,
    caller: Caller,
  ): Promise<OutputOf<'getStatusTimeline'>> {
    return readStatusTimeline(this.parts, await this.group(params.id, query, caller), query);
  }

  @Operation('getPresenceTimeline')
  async getPresenceTimeline(
    { params, query }: InputOf<'getPresenceTimeline'>,
    caller: Caller,
  ): Promise<OutputOf<'getPresenceTimeline'>> {
    return readPresenceTimeline(this.parts, await this.group(params.id, query, caller), query);
  }

  @Operation('getApplicationBreakdown')
  async getApplicationBreakdown(
    { params, query }: InputOf<'getApplicationBreakdown'>,
    caller: Caller,
  ): Promise<OutputOf<'getApplicationBreakdown'>> {
    return readBreakdown(this.parts, await this.application(params.id, query, caller), query.at);
  }

  @Operation('getApplicationDifference')
  async getApplicationDifference(
    { params, query }: InputOf<'getApplicationDifference'>,
    caller: Caller,
  ): Promise<OutputOf<'getApplicationDifference'>> {
    return readDifference(this.parts, await this.application(params.id, query, caller), query);
  }

  @Operation('getApplicationVersionTimeline')
  async getApplicationVersionTimeline(
    { params, query }: InputOf<'getApplicationVersionTimeline'>,
    caller: Caller,
  ): Promise<OutputOf<'getApplicationVersionTimeline'>> {
    return readVersionTimeline(this.parts, await this.application(params.id, query, caller), query);
  }

  @Operation('getApplicationStatusTimeline')
  async getApplicationStatusTimeline(
    { params, query }: InputOf<'getApplicationStatusTimeline'>,
    caller: Caller,
  ): Promise<OutputOf<'getApplicationStatusTimeline'>> {
    return readStatusTimeline(this.parts, await this.application(params.id, query, caller), query);
  }

  @Operation('getApplicationPresenceTimeline')
  async getApplicationPresenceTimeline(
    { params, query }: InputOf<'getApplicationPresenceTimeline'>,
    caller: Caller,
  ): Promise<OutputOf<'getApplicationPresenceTimeline'>> {
    return readPresenceTimeline(this.parts, await this.application(params.id, query, caller), query);
  }

  private async group(id: string, part: Part, caller: Caller): Promise<Counted> {
    const group = seen(caller, 'group', id, await findGroupView(this.parts.store.pool, id));
    return { ...toPart(part), app: group.application, group: group.id };
  }

  private async application(id: string, part: Part, caller: Caller): Promise<Counted> {
    const application = await findApplication(this.parts.store.pool, id);
    if (!application || !sees(caller, application.id)) throw notFound('application', id);
    return { ...toPart(part), app: application.id };
  }
}
