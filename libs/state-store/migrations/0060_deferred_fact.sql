-- Up Migration
-- Facts of machines whose group's row was locked for too long by somebody else when they were folded. The fold goes on
-- without them, and they are folded as soon as the lock can be had, before any lease of the group may time out. Written
-- without a lock of the group; folding is idempotent, so a fact may be here twice.
create table deferred_fact (
  id bigint generated always as identity primary key,
  update_group uuid not null,
  -- A JSON array, as in the outbox.
  facts text not null
);
create index deferred_fact_of_group on deferred_fact (update_group, id);
comment on table deferred_fact is '[authority] Facts that wait for the lock of their group';
