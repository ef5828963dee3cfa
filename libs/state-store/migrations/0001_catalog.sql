-- Up Migration
-- The catalog: what people configure. The rules of the domain are decided in libs/rollout; here they hold again, so that
-- no program and no person with psql can break them. Times are milliseconds since the epoch.
--
-- Locks, always in this order: application row, update_group rows by id, catalog_revision. A check-in's decision takes
-- its one update_group row only.

-- One number over all applications: taken last in a transaction and held to its end, so that the order of revisions is
-- the order of commits, and whoever holds revision n has seen all changes up to n.
create table catalog_revision (
  only_row boolean primary key default true check (only_row),
  revision bigint not null
);
insert into catalog_revision (revision) values (0);

create table application (
  id uuid primary key,
  name text not null check (char_length(name) between 1 and 50),
  description text not null check (char_length(description) <= 1000),
  versioning text not null check (versioning in ('semver', 'dotted')),
  reboots boolean not null,
  product_id text check (char_length(product_id) <= 155 and product_id ~ '^[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)+$'),
  -- The catalog's revision that changed the row last: what a command says it saw. So in every table below.
  changed bigint not null check (changed > 0),
  constraint application_name_taken unique (name)
);
create unique index application_product_id_taken on application (lower(product_id));

create table package (
  id uuid primary key,
  application uuid not null references application,
  version text not null check (
    char_length(version) <= 255
    and version not in ('0.0.0', '0.0.0.0')
    and version ~ '^\d{1,20}(\.\d{1,20}){0,3}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$'
  ),
  arch text not null check (arch in ('amd64', 'arm64', 'x86', 'all')),
  type text not null check (type in ('flatcar', 'docker', 'rocket', 'other')),
  url text not null check (char_length(url) <= 256 and url ~ '^https?://[^\s?#"<>]+/$'),
  filename text not null check (char_length(filename) <= 250 and filename ~ '^[A-Za-z0-9][A-Za-z0-9._+~-]*$' and filename !~ '\.\.'),
  size bigint not null check (size > 0),
  sha1 text check (sha1 ~ '^[A-Za-z0-9+/]{27}=$'),
  sha256 text check (sha256 ~ '^[0-9a-f]{64}$'),
  description text not null check (char_length(description) <= 1000),
  files jsonb not null check (jsonb_typeof(files) = 'array' and jsonb_array_length(files) <= 64),
  action jsonb,
  example boolean not null,
  changed bigint not null check (changed > 0),
  constraint package_version_taken unique (application, version, arch),
  -- What a channel, a floor and a blacklist point at: so they can only name a package of their application and arch.
  unique (id, application, arch),
  constraint package_flatcar_has_action check ((type = 'flatcar') = (action is not null))
);

create table channel (
  id uuid primary key,
  application uuid not null references application,
  name text not null check (char_length(name) between 1 and 50),
  color text not null check (color ~ '^#[0-9a-f]{6}$'),
  arch text not null check (arch in ('amd64', 'arm64', 'x86', 'all')),
  package uuid,
  changed bigint not null check (changed > 0),
  constraint channel_name_taken unique (application, name, arch),
  unique (id, application, arch),
  foreign key (package, application, arch) references package (id, application, arch)
);
create index channel_package on channel (package) where package is not null;

-- A package is a floor of a channel, or blacklisted for it, or neither: one row says which, so it cannot be both.
create table channel_mark (
  channel uuid not null,
  package uuid not null,
  application uuid not null,
  arch text not null,
  mark text not null check (mark in ('floor', 'blacklisted')),
  reason text not null check (char_length(reason) <= 500),
  primary key (channel, package),
  foreign key (channel, application, arch) references channel (id, application, arch),
  foreign key (package, application, arch) references package (id, application, arch)
);
create index channel_mark_package on channel_mark (package);

create function refuse_blacklisted_current() returns trigger language plpgsql as $$
begin
  if exists (
    select from channel_mark m join channel c on c.id = m.channel
    where m.mark = 'blacklisted' and m.package = c.package
      and c.id = coalesce(to_jsonb(new) ->> 'channel', to_jsonb(new) ->> 'id')::uuid
  ) then
    raise exception 'a channel may not have a package that is blacklisted for it'
      using errcode = 'check_violation', constraint = 'channel_package_blacklisted';
  end if;
  return null;
end $$;
create constraint trigger channel_package_blacklisted after insert or update on channel
  deferrable initially deferred for each row execute function refuse_blacklisted_current();
create constraint trigger channel_package_blacklisted after insert or update on channel_mark
  deferrable initially deferred for each row execute function refuse_blacklisted_current();

create function refuse_other_arch() returns trigger language plpgsql as $$
begin
  raise exception 'the arch and the application of a % never change', tg_table_name
    using errcode = 'check_violation', constraint = tg_table_name || '_arch_fixed';
end $$;
create trigger channel_arch_fixed before update on channel for each row
  when ((old.arch, old.application) is distinct from (new.arch, new.application)) execute function refuse_other_arch();
create trigger package_arch_fixed before update on package for each row
  when ((old.arch, old.application) is distinct from (new.arch, new.application)) execute function refuse_other_arch();

create table dead_end (
  application uuid not null references application,
  version text not null check (char_length(version) between 1 and 255),
  reason text not null check (char_length(reason) between 1 and 500),
  primary key (application, version)
);

create table update_group (
  id uuid primary key,
  application uuid not null references application,
  name text not null check (char_length(name) between 1 and 50),
  description text not null check (char_length(description) <= 250),
  track text not null check (char_length(track) between 1 and 256),
  channel uuid,
  -- The channel's, so that (application, track, arch) can be unique; null without a channel.
  arch text,
  policy jsonb not null check (jsonb_typeof(policy -> 'updatesEnabled') = 'boolean'),
  -- Bumped under this row's lock by whatever can change the group's answers: who decides by another one reloads first.
  revision bigint not null check (revision > 0),
  -- The group's rollout now; the ones before stay in `rollout`.
  rollout uuid,
  changed bigint not null check (changed > 0),
  constraint group_name_taken unique (application, name),
  check ((channel is null) = (arch is null)),
  foreign key (channel, application, arch) references channel (id, application, arch)
);
create unique index group_track_taken on update_group (application, track, coalesce(arch, ''));
create index update_group_channel on update_group (channel) where channel is not null;

create table rollout (
  id uuid primary key,
  update_group uuid not null references update_group on delete cascade,
  -- No reference: a rollout of long ago may outlive its package.
  package uuid not null,
  to_version text not null,
  state text not null check (state in ('running', 'paused', 'halted', 'finished', 'superseded')),
  cause text not null,
  salt text not null,
  waves jsonb not null check (jsonb_typeof(waves) = 'array' and jsonb_array_length(waves) > 0),
  open_wave integer not null check (open_wave between 1 and jsonb_array_length(waves)),
  started_at bigint not null,
  earlier_leases_until bigint not null,
  unique (id, update_group)
);
create unique index rollout_one_live on rollout (update_group) where state in ('running', 'paused', 'halted');
create index rollout_of_group on rollout (update_group, started_at);
alter table update_group add foreign key (rollout, id) references rollout (id, update_group) deferrable initially deferred;

-- Holds, forces and labels are of machines that may not have been seen yet.
create table machine_hold (
  application uuid not null references application on delete cascade,
  machine text not null check (char_length(machine) between 1 and 128),
  note text not null check (char_length(note) <= 500),
  primary key (application, machine)
);

create table machine_force (
  application uuid not null references application on delete cascade,
  machine text not null check (char_length(machine) between 1 and 128),
  until bigint not null,
  primary key (application, machine)
);

create table machine_card (
  application uuid not null references application on delete cascade,
  machine text not null check (char_length(machine) between 1 and 128),
  -- A person's name for the machine; '' when it has none but its own alias.
  name text not null check (char_length(name) <= 256),
  labels jsonb not null check (jsonb_typeof(labels) = 'object'),
  primary key (application, machine)
);
create index machine_card_labels on machine_card using gin (labels jsonb_path_ops);

-- Every change of the catalog, for good: who, when, what it was and what it became. `subject` is the changed entity's id.
create table catalog_change (
  revision bigint not null,
  -- The order among the changes of one command.
  number integer not null,
  at bigint not null,
  actor text not null,
  kind text not null,
  application uuid not null,
  update_group uuid,
  machine text not null,
  subject text not null,
  cause text not null,
  before jsonb,
  after jsonb,
  primary key (revision, number)
);
create index catalog_change_of_application on catalog_change (application, revision, number);

create function refuse_rewriting() returns trigger language plpgsql as $$
begin
  raise exception 'catalog_change is append-only';
end $$;
create trigger catalog_change_append_only before update or delete or truncate on catalog_change
  for each statement execute function refuse_rewriting();
