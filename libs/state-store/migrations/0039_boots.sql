-- Up Migration
-- Which boot of the machine an attempt belongs to, by boot marks (libs/rollout/src/boot-mark.ts); 0: not known. A cloned image
-- carries its machine id along, so that several machines may speak under one id, each with boots of its own.
alter table attempt
  -- The boot that was granted the update, or the one that it rebooted into since without having it.
  add column boot bigint not null default 0,
  -- Another one that spoke: the one before, or the one that ended the attempt.
  add column other_boot bigint not null default 0,
  -- When `boot` took over from `other_boot`: what that says later, a machine that reboots cannot have said.
  add column boot_since bigint not null default 0,
  -- Boots spoke in turns.
  add column cloned boolean not null default false;
