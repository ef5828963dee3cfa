-- Up Migration
-- The ledger of grants: budgets, attempts with their leases, failures, and the outbox of the facts that follow. It is the
-- authority; whatever reads it to decide holds the row lock of the group in `update_group`. Times are milliseconds since
-- the epoch on this server's clock, so that no session's time zone has a say in them.

-- One row per group, written by every batch of decisions under the group's lock: all its updates are HOT.
create table grant_counter (
  update_group uuid primary key references update_group on delete cascade,
  -- Grants ever: each one has a number, so that grants in a window are a difference of two, never a count.
  seq bigint not null default 0 check (seq >= 0),
  open_leases integer not null default 0 check (open_leases >= 0),
  last_grant_at bigint not null default 0
) with (fillfactor = 50);

create function make_grant_counter() returns trigger language plpgsql as $$
begin
  insert into grant_counter (update_group) values (new.id);
  return null;
end $$;
create trigger update_group_counter after insert on update_group for each row execute function make_grant_counter();
insert into grant_counter (update_group) select id from update_group;

-- One row per batch with grants: those numbered seq_to - n + 1 to seq_to, made at granted_at.
create table grant_log (
  update_group uuid not null references update_group on delete cascade,
  granted_at bigint not null,
  seq_to bigint not null,
  n integer not null check (n > 0),
  primary key (update_group, granted_at, seq_to)
);

-- The newest attempt of every machine that was ever granted an update: one row per machine, so that no machine can have
-- two open ones. No reference to the catalog: it would cost a lock per grant, and an attempt may outlive its rollout.
create table attempt (
  application uuid not null,
  machine text not null check (char_length(machine) between 1 and 128),
  update_group uuid not null,
  channel uuid,
  rollout uuid not null,
  package uuid not null,
  to_version text not null,
  -- What the machine reported when the attempt was opened.
  from_version text not null,
  versioning text not null check (versioning in ('semver', 'dotted')),
  reboots boolean not null,
  arch text not null,
  oem text not null,
  -- The check-in that opened it names it; facts at or before `since` are of earlier ones, or of an install that was lost.
  opened_at bigint not null,
  opened_n bigint not null,
  since_at bigint not null,
  since_n bigint not null,
  number bigint not null check (number > 0),
  granted_at bigint not null,
  forced boolean not null,
  -- leased: holds a slot until due_at. installed: holds none, waits for its reboot, and blocks safe mode's next probe
  -- until due_at. settled: has waited so long that it blocks nothing. ended: for good.
  stage text not null check (stage in ('leased', 'installed', 'settled', 'ended')),
  due_at bigint,
  downloading_at bigint,
  downloaded_at bigint,
  installed_at bigint,
  -- When the machine asked again and was refused.
  refused_at bigint,
  ended_at bigint,
  outcome text check (outcome in ('complete', 'passed', 'failed', 'rolled-back', 'timed-out', 'cancelled')),
  cause text,
  primary key (application, machine),
  check ((stage in ('leased', 'installed')) = (due_at is not null)),
  check ((stage = 'ended') = (ended_at is not null and outcome is not null))
) with (fillfactor = 80);
-- For the sweeper, and for whoever lists open leases. The one index besides the key: its entries come and go with leases.
create index attempt_due on attempt (due_at) where due_at is not null;

-- A machine's failures with one version: nothing here for a machine that never failed.
create table machine_failure (
  application uuid not null,
  machine text not null,
  version text not null,
  failures integer not null check (failures >= 0),
  failed_at bigint,
  rolled_back_at bigint,
  -- A rollback reported before then was forgiven by a person.
  forgiven_at bigint not null default 0,
  primary key (application, machine, version)
);

-- How a version fares in a rollout: safe mode, waves and halts read it. Never decreases but for `open`.
create table rollout_tally (
  rollout uuid not null references rollout on delete cascade,
  version text not null,
  -- Attempts that are leased or installed.
  open integer not null default 0 check (open >= 0),
  succeeded integer not null default 0,
  failed integer not null default 0,
  timed_out integer not null default 0,
  primary key (rollout, version)
) with (fillfactor = 50);

-- Facts that follow from a transaction, in the order of each group's transactions: relayed to the log, then deleted.
create table outbox (
  id bigint generated always as identity primary key,
  -- A JSON array, as the log will have it.
  facts text not null
);

-- What each machine said of itself, as policy folds it from facts: rebuilt from the log, never what a decision rests on.
-- No index besides the key: one on anything that a check-in changes makes updates 2-4 times dearer (no HOT).
create table instance (
  application uuid not null,
  machine text not null check (char_length(machine) between 1 and 128),
  version text not null,
  update_group uuid,
  track text not null,
  ip text not null,
  alias text not null,
  oem text not null,
  oem_version text not null,
  aleph text not null,
  arch text not null,
  boot_id text not null,
  first_seen_at bigint not null,
  -- The newest fact that the machine sent and that was written here; the exact last seen is in the history.
  seen_at bigint not null,
  seen_n bigint not null,
  status text not null check (
    status in ('unknown', 'granted', 'downloading', 'downloaded', 'installed', 'complete', 'failed', 'rolled-back', 'timed-out', 'on-hold')
  ),
  -- The newest fact that brought a status.
  status_at bigint not null,
  status_n bigint not null,
  primary key (application, machine)
) with (fillfactor = 70);

create function forget_group() returns trigger language plpgsql as $$
begin
  delete from attempt where update_group = old.id;
  return null;
end $$;
create trigger update_group_forgotten after delete on update_group for each row execute function forget_group();

create function forget_application() returns trigger language plpgsql as $$
begin
  delete from attempt where application = old.id;
  delete from machine_failure where application = old.id;
  delete from instance where application = old.id;
  return null;
end $$;
create trigger application_forgotten after delete on application for each row execute function forget_application();
