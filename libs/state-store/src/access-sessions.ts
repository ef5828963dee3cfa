// People who signed in by the identity provider. A session's id is the cookie's value, a secret: only its hash is kept.
import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { AccessRole } from './access-tokens.js';

type Db = Pick<pg.Pool, 'query'>;

/** Times are milliseconds since the epoch. */
export interface Session {
  /** The provider's name for the person. */
  subject: string;
  name: string;
  role: AccessRole;
  applications: string[] | null;
  createdAt: number;
  /** When the provider last said that this is so. */
  checkedAt: number;
  expiresAt: number;
  /** What only the cookie can open. */
  sealed: Buffer | null;
}

const insertSession = `
  insert into session (id_sha256, subject, name, role, applications, created_at, checked_at, expires_at, sealed)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`;

export async function addSession(db: Db, id: string, session: Session): Promise<void> {
  const { subject, name, role, applications, createdAt, checkedAt, expiresAt, sealed } = session;
  await db.query(insertSession, [
    hashOf(id),
    subject,
    name,
    role,
    applications,
    createdAt,
    checkedAt,
    expiresAt,
    sealed,
  ]);
}

const selectSession = `
  select subject, name, role, applications, created_at as "createdAt", checked_at as "checkedAt",
    expires_at as "expiresAt", sealed
  from session where id_sha256 = $1 and expires_at > $2`;

export async function findSession(db: Db, id: string, now: number): Promise<Session | undefined> {
  const { rows } = await db.query<Session>(selectSession, [hashOf(id), now]);
  return rows[0];
}

// Two requests that find the session due at once: the first takes the turn, the other goes on with what is known.
const claimCheck = `update session set checked_at = $2 where id_sha256 = $1 and checked_at = $3`;

/** @returns whether this process is the one to ask the provider again */
export async function claimSessionCheck(
  db: Db,
  id: string,
  { now, seen }: { now: number; seen: number },
): Promise<boolean> {
  const { rowCount } = await db.query(claimCheck, [hashOf(id), now, seen]);
  return rowCount === 1;
}

const updateSession = `update session set name = $2, role = $3, applications = $4, sealed = $5 where id_sha256 = $1`;

export async function renewSession(
  db: Db,
  id: string,
  { name, role, applications, sealed }: Pick<Session, 'name' | 'role' | 'applications' | 'sealed'>,
): Promise<void> {
  await db.query(updateSession, [hashOf(id), name, role, applications, sealed]);
}

const deleteSession = `delete from session where id_sha256 = $1 returning sealed`;

/** @returns what was sealed in it */
export async function endSession(db: Db, id: string): Promise<Buffer | null> {
  const { rows } = await db.query<{ sealed: Buffer | null }>(deleteSession, [hashOf(id)]);
  return rows[0]?.sealed ?? null;
}

/** A sign-in between the redirect to the provider and its answer. */
export interface SignIn {
  state: string;
  nonce: string;
  verifier: string;
  returnTo: string;
  expiresAt: number;
}

const insertSignIn = `
  insert into sign_in (id_sha256, state, nonce, verifier, return_to, expires_at) values ($1, $2, $3, $4, $5, $6)`;

export async function beginSignIn(db: Db, id: string, signIn: SignIn): Promise<void> {
  const { state, nonce, verifier, returnTo, expiresAt } = signIn;
  await db.query(insertSignIn, [hashOf(id), state, nonce, verifier, returnTo, expiresAt]);
}

const takeSignInOnce = `
  delete from sign_in where id_sha256 = $1
  returning state, nonce, verifier, return_to as "returnTo", expires_at as "expiresAt"`;

/** Once: an answer that comes a second time finds nothing. */
export async function takeSignIn(db: Db, id: string, now: number): Promise<SignIn | undefined> {
  const { rows } = await db.query<SignIn>(takeSignInOnce, [hashOf(id)]);
  return rows.find(({ expiresAt }) => expiresAt > now);
}

const purge = [`delete from session where expires_at <= $1`, `delete from sign_in where expires_at <= $1`];

export async function purgeSessions(db: Db, now: number): Promise<void> {
  for (const statement of purge) await db.query(statement, [now]);
}

function hashOf(id: string): Buffer {
  return createHash('sha256').update(id).digest();
}
