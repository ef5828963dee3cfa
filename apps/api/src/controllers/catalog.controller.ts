import { Controller } from '@nestjs/common';
import type { InputOf, OutputOf } from '@platte/api-contract';
import { Arch } from '@platte/facts';
import {
  findApplication,
  findChannel,
  findPackage,
  listApplications,
  listChannels,
  listDeadEnds,
  listPackages,
} from '@platte/state-store';
import { z } from 'zod';
import { seen, sees, visibleApplications, type Caller } from '../http/caller.js';
import { parseCursor, toPage } from '../http/cursor.js';
import { Operation } from '../http/operation-route.js';
import { notFound } from '../http/problems.js';
import { ApiParts } from '../parts.js';

const NameKey = z.object({ name: z.string(), id: z.guid() });
/** As many names as say where a thing stands in its list. */
export const placeOf = (names: number) => z.array(z.string().max(200)).length(names);

export function withoutPlace<T extends { place: unknown }>(listed: T): Omit<T, 'place'> {
  const { place: _, ...row } = listed;
  return row;
}

@Controller()
export class CatalogController {
  constructor(private readonly parts: ApiParts) {}

  @Operation('listApplications')
  async listApplications(
    { query }: InputOf<'listApplications'>,
    caller: Caller,
  ): Promise<OutputOf<'listApplications'>> {
    const { applications } = caller;
    const after = parseCursor(query.cursor, NameKey);
    const rows = await listApplications(this.parts.store.pool, { applications, limit: query.limit + 1, after });
    return toPage(
      rows,
      query.limit,
      (row) => row,
      ({ name, id }) => ({ name, id }),
    );
  }

  @Operation('getApplication')
  async getApplication({ params }: InputOf<'getApplication'>, caller: Caller): Promise<OutputOf<'getApplication'>> {
    return this.findApplication(params.id, caller);
  }

  @Operation('listDeadEnds')
  async listDeadEnds({ params }: InputOf<'listDeadEnds'>, caller: Caller): Promise<OutputOf<'listDeadEnds'>> {
    await this.findApplication(params.id, caller);
    return { items: await listDeadEnds(this.parts.store.pool, params.id), next: null };
  }

  @Operation('listPackages')
  async listPackages({ query }: InputOf<'listPackages'>, caller: Caller): Promise<OutputOf<'listPackages'>> {
    const applications = visibleApplications(caller, query.application);
    const after = parseCursor(query.cursor, placeOf(3));
    const arch = query.arch && Arch.parse(query.arch);
    const rows = await listPackages(this.parts.store.pool, { applications, arch, limit: query.limit + 1, after });
    return toPage(rows, query.limit, withoutPlace, ({ place }) => place);
  }

  @Operation('getPackage')
  async getPackage({ params }: InputOf<'getPackage'>, caller: Caller): Promise<OutputOf<'getPackage'>> {
    return seen(caller, 'package', params.id, await findPackage(this.parts.store.pool, params.id));
  }

  @Operation('listChannels')
  async listChannels({ query }: InputOf<'listChannels'>, caller: Caller): Promise<OutputOf<'listChannels'>> {
    const applications = visibleApplications(caller, query.application);
    const after = parseCursor(query.cursor, placeOf(3));
    const rows = await listChannels(this.parts.store.pool, { applications, limit: query.limit + 1, after });
    return toPage(rows, query.limit, withoutPlace, ({ place }) => place);
  }

  @Operation('getChannel')
  async getChannel({ params }: InputOf<'getChannel'>, caller: Caller): Promise<OutputOf<'getChannel'>> {
    return seen(caller, 'channel', params.id, await findChannel(this.parts.store.pool, params.id));
  }

  private async findApplication(id: string, caller: Caller): Promise<OutputOf<'getApplication'>> {
    const application = await findApplication(this.parts.store.pool, id);
    if (!application || !sees(caller, application.id)) throw notFound('application', id);
    return application;
  }
}
