-- Up Migration
-- What kind of actor a name is of (libs/facts/src/actor.ts), so that a token named `platte` is no rule. Null in rows that a
-- program of before kinds wrote, also during a rolling upgrade: readers work it out (actor-kind.ts).
alter table catalog_change add column actor_kind text
  check (actor_kind in ('person', 'token', 'workload', 'rule', 'syncer', 'import'));
alter table access_change add column actor_kind text
  check (actor_kind in ('person', 'token', 'workload', 'rule', 'syncer', 'import'));
alter table access_token add column created_by_kind text
  check (created_by_kind in ('person', 'token', 'workload', 'rule', 'syncer', 'import'));
