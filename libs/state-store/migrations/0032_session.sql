-- Up Migration
-- People who signed in, and sign-ins that are under way. api alone reads and writes these tables.

-- The cookie's value is the key to all of it: only its hash is here, and what the identity provider gave is sealed with a
-- key that only the cookie can make. A copy of the database signs nobody in, here or there.
create table session (
  id_sha256 bytea primary key check (octet_length(id_sha256) = 32),
  -- The provider's name for the person.
  subject text not null,
  -- As the audit log names them.
  name text not null check (length(name) between 1 and 200),
  role text not null check (role in ('viewer', 'operator', 'admin')),
  -- null is all applications.
  applications uuid[] check (cardinality(applications) > 0),
  created_at bigint not null,
  -- When the provider last said that the person is still who they were.
  checked_at bigint not null,
  expires_at bigint not null check (expires_at > created_at),
  -- Refresh and id token, sealed.
  sealed bytea
);
create index session_by_end on session (expires_at);

-- A sign-in is used once: whoever brings its answer takes the row away with it.
create table sign_in (
  id_sha256 bytea primary key check (octet_length(id_sha256) = 32),
  state text not null,
  nonce text not null,
  verifier text not null,
  return_to text not null,
  expires_at bigint not null
);
create index sign_in_by_end on sign_in (expires_at);
