// API tokens: `plt_<id>_<secret>`. What is kept of the secret is its SHA-256, so that a copy of the database signs nobody
// in; the secret has 192 random bits, so that a slow hash would add nothing but work for each request.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Actor, ActorKind } from '@platte/facts';
import type pg from 'pg';
import { actorKind } from './actor-kind.js';
import { withTransaction } from './transaction.js';

type Db = Pick<pg.Pool, 'query'>;

export type AccessRole = 'viewer' | 'operator' | 'admin';

/** Times are milliseconds since the epoch. */
export interface AccessToken {
  id: string;
  name: string;
  role: AccessRole;
  /** Limited to these applications; null is all. */
  applications: string[] | null;
  createdBy: Actor;
  createdAt: number;
  expiresAt: number | null;
  lastUsedAt: number | null;
  revokedAt: number | null;
}

export type NewAccessToken = Omit<AccessToken, 'lastUsedAt' | 'revokedAt'> & { secret: string };

/** How a token that does not sign in fails; all of them are told to callers as one. */
export type TokenCheck =
  | { status: 'valid'; token: AccessToken }
  | { status: 'unknown' | 'wrong-secret' | 'revoked' | 'expired' };

const createdByKind = actorKind('created_by', 'created_by_kind');
const columns = `id, name, role, applications, created_by, ${createdByKind} as created_by_kind,
  created_at, expires_at, last_used_at, revoked_at`;

interface TokenRow {
  id: string;
  name: string;
  role: AccessRole;
  applications: string[] | null;
  created_by: string;
  created_by_kind: ActorKind;
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
  revoked_at: number | null;
}

const describeToken = `jsonb_build_object('name', name, 'role', role, 'applications', applications, 'expiresAt', expires_at)`;

// One statement: a token and its entry in the audit log are there together or not at all.
const toInsertToken = (onConflict: string): string => `
  with added as (
    insert into access_token (id, secret_sha256, name, role, applications, created_by, created_by_kind, created_at, expires_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9) ${onConflict}
    returning *
  )
  insert into access_change (at, actor, actor_kind, kind, subject, after)
  select created_at, created_by, created_by_kind, 'TokenCreated', id, ${describeToken} from added`;
const insertToken = toInsertToken('');

/** An id that exists is an error: ids are random. */
export async function addToken(db: Db, token: NewAccessToken): Promise<void> {
  await db.query(insertToken, toParameters(token));
}

const insertBootstrapToken = toInsertToken('on conflict (id) do nothing');

const revokeOtherBootstrapTokens = `
  with revoked as (
    update access_token set revoked_at = $4
    where created_by = $1 and ${createdByKind} = $2 and id <> $3 and revoked_at is null
    returning *
  )
  insert into access_change (at, actor, actor_kind, kind, subject, before)
  select $4, $1, $2, 'TokenRevoked', id, ${describeToken} from revoked`;

/**
 * The admin token of a first start, given by whoever starts the programs. The one that is configured is the only one:
 * those configured before are revoked. One that a person revoked stays revoked.
 */
export async function putBootstrapToken(db: Db, token: NewAccessToken): Promise<void> {
  await db.query(insertBootstrapToken, toParameters(token));
  await db.query(revokeOtherBootstrapTokens, [token.createdBy.name, token.createdBy.kind, token.id, token.createdAt]);
}

const selectTokenWithHash = `select ${columns}, secret_sha256 from access_token where id = $1`;

/** Whether this id and secret sign in at `now`. An unknown id costs the same work as a wrong secret. */
export async function checkToken(db: Db, id: string, secret: string, now: number): Promise<TokenCheck> {
  const { rows } = await db.query<TokenRow & { secret_sha256: Buffer }>(selectTokenWithHash, [id]);
  const [row] = rows;
  const matches = timingSafeEqual(row?.secret_sha256 ?? hashOf(''), hashOf(secret));
  if (!row) return { status: 'unknown' };
  if (!matches) return { status: 'wrong-secret' };
  const token = toToken(row);
  if (token.revokedAt !== null) return { status: 'revoked' };
  if (token.expiresAt !== null && token.expiresAt <= now) return { status: 'expired' };
  return { status: 'valid', token };
}

const updateLastUsed = `
  update access_token set last_used_at = $2
  where id = $1 and (last_used_at is null or last_used_at < $2::bigint - 60000)`;

/** Exact to a minute: a busy token costs one write a minute, not one per request. */
export async function noteTokenUse(db: Db, id: string, now: number): Promise<void> {
  await db.query(updateLastUsed, [id, now]);
}

const selectToken = `select ${columns} from access_token where id = $1`;

export async function findToken(db: Db, id: string): Promise<AccessToken | undefined> {
  const { rows } = await db.query<TokenRow>(selectToken, [id]);
  return rows[0] && toToken(rows[0]);
}

const selectTokens = `
  select ${columns} from access_token
  where $2::text is null or (created_at, id) < (select created_at, id from access_token where id = $2)
  order by created_at desc, id desc
  limit $1`;

/** The newest first; revoked and expired ones too. `after`: the id of the last one of the page before. */
export async function listTokens(db: Db, page: { limit: number; after?: string }): Promise<AccessToken[]> {
  const { rows } = await db.query<TokenRow>(selectTokens, [page.limit, page.after ?? null]);
  return rows.map(toToken);
}

const revoke = `
  with revoked as (
    update access_token set revoked_at = $2 where id = $1 and revoked_at is null returning *
  ), logged as (
    insert into access_change (at, actor, actor_kind, kind, subject, before)
    select $2, $3, $4, 'TokenRevoked', id, ${describeToken} from revoked
  )
  select 1 from access_token where id = $1`;

/** @returns whether there is such a token; one that is revoked already stays so */
export async function revokeToken(
  db: Db,
  { id, actor, now }: { id: string; actor: Actor; now: number },
): Promise<boolean> {
  const { rowCount } = await db.query(revoke, [id, now, actor.name, actor.kind]);
  return rowCount === 1;
}

/** The lock keeps two admins apart that give up the last two tokens at once: the second finds one. */
const lockAdminTokens = `
  select id from access_token
  where role = 'admin' and applications is null and revoked_at is null and (expires_at is null or expires_at > $1)
  order by id
  for update`;

/**
 * A token revokes itself or another. Without `force` the last one by which an admin of everything signs in stays: whoever
 * ended it could make no other. Two that revoke each other at once take turns by the row locks.
 */
export async function revokeByToken(
  pool: pg.Pool,
  { force, dryRun, ...ended }: { id: string; actor: Actor; now: number; force: boolean; dryRun: boolean },
): Promise<'revoked' | 'last-admin'> {
  return withTransaction(pool, async (client) => {
    const { rows } = await client.query<{ id: string }>(lockAdminTokens, [ended.now]);
    if (!force && rows.length === 1 && rows[0]?.id === ended.id) return 'last-admin';
    if (!dryRun) await revokeToken(client, ended);
    return 'revoked';
  });
}

const findTable = `select to_regclass('access_token') is not null as found`;
// Columns of the first version only: it is asked before the programs bring the database to theirs.
const selectUsable = `
  select secret_sha256 = $2 and revoked_at is null and (expires_at is null or expires_at > $3) as usable
  from access_token where id = $1`;

/** Whether a token that api is to be given as its bootstrap token signs in: one that is not known yet will. */
export async function isUsableToken(db: Db, id: string, secret: string, now: number): Promise<boolean> {
  const { rows: tables } = await db.query<{ found: boolean }>(findTable);
  if (tables[0]?.found !== true) return true;
  const { rows } = await db.query<{ usable: boolean }>(selectUsable, [id, hashOf(secret), now]);
  return rows[0]?.usable ?? true;
}

function toParameters(token: NewAccessToken): unknown[] {
  const { id, secret, name, role, applications, createdBy, createdAt, expiresAt } = token;
  return [id, hashOf(secret), name, role, applications, createdBy.name, createdBy.kind, createdAt, expiresAt];
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

function toToken(row: TokenRow): AccessToken {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    applications: row.applications,
    createdBy: { kind: row.created_by_kind, name: row.created_by },
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
  };
}
