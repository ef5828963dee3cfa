import { Controller } from '@nestjs/common';
import {
  activityKinds,
  toInstant,
  type ActivityKind,
  type Change,
  type InputOf,
  type OutputOf,
} from '@platte/api-contract';
import { toActorView } from '../actor-view.js';
import { listChanges, type ChangeView } from '@platte/state-store';
import { z } from 'zod';
import { ActivityPlace, readFeed } from '../activity-feed.js';
import { visibleApplications, type Caller } from '../http/caller.js';
import { parseCursor, toPage } from '../http/cursor.js';
import { Operation } from '../http/operation-route.js';
import { ApiParts } from '../parts.js';

const ChangeKey = z.object({
  at: z.number().int(),
  source: z.enum(['catalog', 'access']),
  revision: z.number().int(),
  number: z.int32(),
});

@Controller()
export class ActivityController {
  constructor(private readonly parts: ApiParts) {}

  @Operation('listActivity')
  async listActivity({ query }: InputOf<'listActivity'>, caller: Caller): Promise<OutputOf<'listActivity'>> {
    const { application, group, limit } = query;
    const applications = visibleApplications(caller, application);
    const after = parseCursor(query.cursor, ActivityPlace) ?? endAt(query, { source: 'catalog' as const });
    const kinds = new Set<ActivityKind>(query.kinds ?? activityKinds);
    const found = await readFeed(this.parts, { applications, group, kinds, after, limit: limit + 1 });
    return toPage(
      found.filter(({ place }) => isSince(query, place)),
      limit,
      ({ item }) => item,
      ({ place }) => place,
    );
  }

  @Operation('listAudit')
  async listAudit({ query }: InputOf<'listAudit'>, caller: Caller): Promise<OutputOf<'listAudit'>> {
    const { application, group, subject, actor, actorKind, limit } = query;
    const applications = visibleApplications(caller, application);
    const after = parseCursor(query.cursor, ChangeKey) ?? endAt(query, { source: 'access' as const });
    const rows = await listChanges(this.parts.store.pool, {
      applications,
      group,
      subject,
      actor,
      actorKind,
      limit: limit + 1,
      after,
    });
    return toPage(
      rows.filter((change) => isSince(query, change)),
      limit,
      toChange,
      toKey,
    );
  }
}

/** The place behind all that happened at that moment, by the source that comes last there: what follows is from before. */
function endAt<S>({ until }: { until?: string | undefined }, source: S) {
  return until === undefined ? undefined : { ...source, at: Date.parse(until), revision: 0, number: 0 };
}

/** The newest come first: what is left out is at the end, and nothing follows it. */
const isSince = ({ since }: { since?: string | undefined }, { at }: { at: number }): boolean =>
  since === undefined || at >= Date.parse(since);

function toKey({ at, source, revision, number }: ChangeView): z.infer<typeof ChangeKey> {
  return { at, source, revision, number };
}

const toId = ({ source, revision, number }: ChangeView): string => `${source}-${revision}-${number}`;

function toChange(change: ChangeView): Change {
  const { at, actor, kind, application, group, subject, before, after } = change;
  return {
    id: toId(change),
    at: toInstant(at),
    ...toActorView(actor),
    kind,
    revision: change.source === 'catalog' ? change.revision : null,
    application,
    group,
    subject,
    note: change.cause,
    before,
    after,
  };
}
