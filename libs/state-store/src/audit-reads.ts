// The audit log for people: every change of the catalog, of who may do what, and of what waits in the log; the newest first.
import type { Actor, ActorKind } from '@platte/facts';
import type pg from 'pg';
import { actorKind } from './actor-kind.js';

type Db = Pick<pg.Pool, 'query'>;

export interface ChangeView {
  /** `catalog` and its revision and number in that, or `access` and its id. */
  source: 'catalog' | 'access';
  revision: number;
  number: number;
  at: number;
  actor: Actor;
  kind: string;
  application: string | null;
  group: string | null;
  machine: string;
  subject: string;
  cause: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}

/** The last change of a page: the next one begins after it. A source is compared as text, so that it may be another one. */
export type ChangeKey = Pick<ChangeView, 'at' | 'revision' | 'number'> & { source: string };

export interface ChangeListing {
  /** null is all, and only then tokens are in it: they are of no application. */
  applications: readonly string[] | null;
  subject?: string | undefined;
  /** By name. */
  actor?: string | undefined;
  actorKind?: ActorKind | undefined;
  group?: string | undefined;
  /** Only these kinds. */
  kinds?: readonly string[] | undefined;
  limit: number;
  after?: ChangeKey | undefined;
}

const insertChange = `insert into access_change (at, actor, actor_kind, kind, subject, before) values ($1, $2, $3, $4, $5, $6)`;

export interface OperatorChange {
  at: number;
  actor: Actor;
  kind: 'ParkedMessageRetried' | 'ParkedMessageDropped';
  subject: string;
  before: Record<string, unknown>;
}

/** What somebody did outside of the catalog. Logged before it is done: an audit log may hold too much, and never too little. */
export async function logOperatorChange(db: Db, { at, actor, kind, subject, before }: OperatorChange): Promise<void> {
  await db.query(insertChange, [at, actor.name, actor.kind, kind, subject, before]);
}

type ChangeRow = Omit<ChangeView, 'actor'> & { actor: string; actor_kind: ActorKind };

const kindOfActor = actorKind('actor', 'actor_kind');

// Two logs, each read no further than the page: the order is time, and what breaks ties is the same in both.
const selectChanges = `
  with catalog as (
    select 'catalog' as source, revision, number, at, actor, ${kindOfActor} as actor_kind, kind, application, update_group as "group", machine, subject,
      cause, before, after
    from catalog_change
    where ($1::uuid[] is null or application = any ($1))
      and ($2::text is null or subject = $2 or machine = $2)
      and ($3::text is null or actor = $3) and ($11::text is null or ${kindOfActor} = $11)
      and ($4::uuid is null or update_group = $4)
      and ($5::text[] is null or kind = any ($5))
      and ($6::bigint is null or (at, 'catalog', revision, number) < ($6, $7::text, $8::bigint, $9::integer))
    order by at desc, revision desc, number desc
    limit $10
  ), access as (
    select 'access' as source, id as revision, 0 as number, at, actor, ${kindOfActor} as actor_kind, kind, null::uuid as application,
      null::uuid as "group", '' as machine, subject, '' as cause, before, after
    from access_change
    where $1::uuid[] is null and $4::uuid is null
      and ($2::text is null or subject = $2)
      and ($3::text is null or actor = $3) and ($11::text is null or ${kindOfActor} = $11)
      and ($5::text[] is null or kind = any ($5))
      and ($6::bigint is null or (at, 'access', id, 0) < ($6, $7::text, $8::bigint, $9::integer))
    order by at desc, id desc
    limit $10
  )
  select * from catalog union all select * from access
  order by at desc, source desc, revision desc, number desc
  limit $10`;

export async function listChanges(db: Db, listing: ChangeListing): Promise<ChangeView[]> {
  const { applications, subject, actor, actorKind: ofKind, group, kinds, limit, after } = listing;
  const key = [after?.at, after?.source, after?.revision, after?.number];
  const parameters = [applications, subject, actor, group, kinds, ...key, limit, ofKind].map((value) => value ?? null);
  const { rows } = await db.query<ChangeRow>(selectChanges, parameters);
  return rows.map(({ actor: name, actor_kind: kind, ...row }) => ({ ...row, actor: { kind, name } }));
}
