-- Up Migration
-- A command line between a person's yes in their browser and the token that it gets for it. api alone reads and writes this.

-- Of the code only its hash is here, and it alone gives no token: whoever began must show what `challenge` was made of.
create table command_line_code (
  code_sha256 bytea primary key check (octet_length(code_sha256) = 32),
  -- BASE64URL(SHA256(verifier)), RFC 7636 4.2.
  challenge text not null check (length(challenge) = 43),
  -- Where the command line runs, as it says itself.
  host text not null check (length(host) between 1 and 64),
  -- What the person was when they said yes; the token is no more than that.
  name text not null check (length(name) between 1 and 200),
  role text not null check (role in ('viewer', 'operator', 'admin')),
  applications uuid[] check (cardinality(applications) > 0),
  expires_at bigint not null
);
create index command_line_code_by_end on command_line_code (expires_at);
