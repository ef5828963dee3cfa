-- Up Migration
-- A person's pause of a group: who, when and why. It stands beside the policy's `updatesEnabled`, and both must allow
-- updates. It is written without any lock of the group's row, so that nothing but decisions under way can delay it: hence
-- no foreign key, whose check would wait for that row.
create table group_stop (
  update_group uuid primary key,
  actor text not null,
  actor_kind text not null check (actor_kind in ('person', 'token', 'workload', 'rule', 'syncer', 'import')),
  at bigint not null,
  note text not null check (char_length(note) <= 500),
  -- Resuming also sets the policy's `updatesEnabled`: the pause was made before this table existed, and cleared it.
  switches_on boolean not null default false
);
comment on table group_stop is '[authority] Pauses of groups';

-- Pauses that the catalog's log does not have yet: their transaction must not wait for catalog_revision.
create table group_stop_unlogged (
  id bigint generated always as identity primary key,
  actor text not null,
  actor_kind text not null,
  -- The change as libs/rollout decided it.
  change jsonb not null
);
comment on table group_stop_unlogged is '[authority] Pauses that the catalog’s log does not have yet';

create or replace function forget_group() returns trigger language plpgsql as $$
begin
  delete from attempt where update_group = old.id;
  delete from group_stop where update_group = old.id;
  delete from deferred_fact where update_group = old.id;
  return null;
end $$;

-- Until now a pause cleared the policy's switch, as an edit of the policy did. What cleared it last says which it was: a
-- pause becomes a stop. The switch stays as it is, because programs of the version before, which may still run, know
-- nothing else; resuming sets it.
with cleared as (
  select distinct on (c.update_group) c.update_group, c.kind, c.actor, c.at, c.cause,
    coalesce(c.actor_kind, case when c.actor = 'platte' then 'rule'
      when c.actor in (select token.name from access_token token) then 'token' else 'person' end) as actor_kind
  from catalog_change c
  join update_group g on g.id = c.update_group
  where g.policy ->> 'updatesEnabled' = 'false'
    and c.after -> 'policy' ->> 'updatesEnabled' = 'false' and c.before -> 'policy' ->> 'updatesEnabled' is distinct from 'false'
  order by c.update_group, c.revision desc, c.number desc
)
insert into group_stop (update_group, actor, actor_kind, at, note, switches_on)
select update_group, actor, actor_kind, at, cause, true from cleared where kind = 'GroupPaused';

-- Followers take the snapshots with the stops.
update catalog_revision set revision = revision + 1 where exists (select from group_stop);
