-- Up Migration
-- The greatest id of the outbox that the log has: policy writes the id of the row into each message. A last message whose row is
-- neither in the outbox nor at or below this id was relayed by a database that knew more than this one.
create table outbox_relayed (
  one boolean primary key default true check (one),
  id bigint not null,
  -- This server's clock, written at least once a minute: a dump knows nothing of what came later.
  at bigint not null default 0
);
insert into outbox_relayed (id) values (0);
comment on table outbox_relayed is '[authority]';

-- Times at which this database was found to be older than the log. While one is not done, no grant is made.
create table restore (
  id integer generated always as identity primary key,
  found_at bigint not null,
  -- What this database knew ends about here (ms).
  since bigint not null,
  -- Ids of the outbox: the greatest that this database knew, and that of the last message of the log.
  known_id bigint not null,
  log_id bigint not null,
  -- learning: attempts and grants are read from the log; waiting: for a person, who applies the changes; done.
  state text not null check (state in ('learning', 'waiting', 'done')),
  -- Counts of what was read, and changes of people that this database does not know, as JSON.
  learned jsonb not null default '{}',
  changes jsonb not null default '[]',
  done_at bigint,
  done_by text,
  check ((state = 'done') = (done_at is not null and done_by is not null))
);
create unique index restore_open on restore ((true)) where state <> 'done';
comment on table restore is '[authority]';

-- Down Migration
drop table restore;
drop table outbox_relayed;
