import { Controller } from '@nestjs/common';
import type { InputOf, OutputOf } from '@platte/api-contract';
import { findGroupView, findRollout, listGroups, listRollouts, type GroupView } from '@platte/state-store';
import { z } from 'zod';
import { seen, visibleApplications, type Caller } from '../http/caller.js';
import { parseCursor, toPage } from '../http/cursor.js';
import { Operation } from '../http/operation-route.js';
import { listInstances } from '../instance-lists.js';
import { ApiParts } from '../parts.js';
import { toGroup, toRollout } from '../views.js';
import { placeOf, withoutPlace } from './catalog.controller.js';

const RolloutKey = z.object({ startedAt: z.number().int(), id: z.guid() });

@Controller()
export class GroupsController {
  constructor(private readonly parts: ApiParts) {}

  @Operation('listGroups')
  async listGroups({ query }: InputOf<'listGroups'>, caller: Caller): Promise<OutputOf<'listGroups'>> {
    const applications = visibleApplications(caller, query.application);
    const after = parseCursor(query.cursor, placeOf(2));
    const rows = await listGroups(this.parts.store.pool, { applications, limit: query.limit + 1, after });
    return toPage(
      rows,
      query.limit,
      (row) => toGroup(withoutPlace(row)),
      ({ place }) => place,
    );
  }

  @Operation('getGroup')
  async getGroup({ params }: InputOf<'getGroup'>, caller: Caller): Promise<OutputOf<'getGroup'>> {
    return toGroup(await this.find(params.id, caller));
  }

  @Operation('listGroupInstances')
  async listGroupInstances(
    { params, query }: InputOf<'listGroupInstances'>,
    caller: Caller,
  ): Promise<OutputOf<'listGroupInstances'>> {
    const group = await this.find(params.id, caller);
    return listInstances(this.parts, [group.application], { ...query, group: group.id });
  }

  @Operation('listRollouts')
  async listRollouts({ query }: InputOf<'listRollouts'>, caller: Caller): Promise<OutputOf<'listRollouts'>> {
    const { group, state, limit } = query;
    const applications = visibleApplications(caller, query.application);
    const after = parseCursor(query.cursor, RolloutKey);
    const rows = await listRollouts(this.parts.store.pool, { applications, group, state, limit: limit + 1, after });
    return toPage(rows, limit, toRollout, ({ startedAt, id }) => ({ startedAt, id }));
  }

  @Operation('getRollout')
  async getRollout({ params }: InputOf<'getRollout'>, caller: Caller): Promise<OutputOf<'getRollout'>> {
    return toRollout(seen(caller, 'rollout', params.id, await findRollout(this.parts.store.pool, params.id)));
  }

  private async find(id: string, caller: Caller): Promise<GroupView> {
    return seen(caller, 'group', id, await findGroupView(this.parts.store.pool, id));
  }
}
