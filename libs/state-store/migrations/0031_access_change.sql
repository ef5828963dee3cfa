-- Up Migration
-- Every change of who may do what, for good: the part of the audit log that is not of the catalog.
create table access_change (
  id bigint generated always as identity primary key,
  at bigint not null,
  actor text not null,
  kind text not null check (kind in ('TokenCreated', 'TokenRevoked')),
  -- The token's id.
  subject text not null,
  -- What it was and what it became, without any secret.
  before jsonb,
  after jsonb
);
create index access_change_by_time on access_change (at desc, id desc);
