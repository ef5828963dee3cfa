-- Up Migration
-- Who may ask: API tokens, and the keys by which a creation that is repeated is recognised.
-- api alone reads and writes these tables. Times are milliseconds since the epoch.

create table access_token (
  id text primary key check (id ~ '^[a-z0-9]{12}$'),
  -- Of the secret only this is kept: a copy of the database signs nobody in.
  secret_sha256 bytea not null check (octet_length(secret_sha256) = 32),
  name text not null check (length(name) between 1 and 100),
  role text not null check (role in ('viewer', 'operator', 'admin')),
  -- null is all applications; an empty list would be a token that sees nothing.
  applications uuid[] check (cardinality(applications) > 0),
  created_by text not null,
  created_at bigint not null,
  expires_at bigint check (expires_at > created_at),
  last_used_at bigint,
  revoked_at bigint
);

-- The list of tokens, the newest first.
create index access_token_by_creation on access_token (created_at desc, id desc);

-- A key is running until it has a status.
create table idempotency_key (
  actor text not null,
  key text not null check (length(key) between 1 and 255),
  request_sha256 bytea not null check (octet_length(request_sha256) = 32),
  begun_at bigint not null,
  status integer,
  headers jsonb,
  body text,
  primary key (actor, key),
  check ((status is null) = (headers is null) and (status is null) = (body is null))
);

-- Keys past their day are purged.
create index idempotency_key_by_age on idempotency_key (begun_at);
