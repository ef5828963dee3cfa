// Idempotency keys: a creation that is repeated gets the answer of the first. A key is `running` from its first request
// until that has an answer; a process that dies in between leaves it running, and it may be taken over after a minute.
import type pg from 'pg';

type Db = Pick<pg.Pool, 'query'>;

export interface KeptAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** `begun`: go on, and keep the answer. `answered`: give that one. */
export type KeyState =
  | { status: 'begun' }
  | { status: 'running' }
  | { status: 'other-request' }
  | { status: 'answered'; answer: KeptAnswer };

/** A day: longer than any client retries. */
export const keysKeptMs = 24 * 3_600_000;
/** Longer than the longest request: whoever began it is gone. */
const takeOverMs = 60_000;

// One statement decides who begins: a new key, one past its day, or one whose process died.
const begin = `
  insert into idempotency_key (actor, key, request_sha256, begun_at)
  values ($1, $2, $3, $4)
  on conflict (actor, key) do update
    set request_sha256 = excluded.request_sha256, begun_at = excluded.begun_at, status = null, headers = null, body = null
    where idempotency_key.begun_at < excluded.begun_at - $5
      or (idempotency_key.status is null
        and idempotency_key.request_sha256 = excluded.request_sha256
        and idempotency_key.begun_at < excluded.begun_at - $6)
  returning key`;

const selectKey = `select request_sha256, status, headers, body from idempotency_key where actor = $1 and key = $2`;

interface KeyRow {
  request_sha256: Buffer;
  status: number | null;
  headers: Record<string, string> | null;
  body: string | null;
}

/** @param requestSha256 of method, path and body: a key names one request */
export async function beginKey(
  db: Db,
  { actor, key, requestSha256, now }: { actor: string; key: string; requestSha256: Buffer; now: number },
): Promise<KeyState> {
  const begun = await db.query(begin, [actor, key, requestSha256, now, keysKeptMs, takeOverMs]);
  if (begun.rowCount === 1) return { status: 'begun' };
  const { rows } = await db.query<KeyRow>(selectKey, [actor, key]);
  const [row] = rows;
  if (!row) return { status: 'running' };
  if (!row.request_sha256.equals(requestSha256)) return { status: 'other-request' };
  if (row.status === null) return { status: 'running' };
  return { status: 'answered', answer: { status: row.status, headers: row.headers ?? {}, body: row.body ?? '' } };
}

const keep = `update idempotency_key set status = $3, headers = $4, body = $5 where actor = $1 and key = $2`;

export async function keepAnswer(db: Db, actor: string, key: string, answer: KeptAnswer): Promise<void> {
  await db.query(keep, [actor, key, answer.status, answer.headers, answer.body]);
}

const forget = `delete from idempotency_key where actor = $1 and key = $2`;

/** The request failed in a way that a repetition may mend: the key is free again. */
export async function forgetKey(db: Db, actor: string, key: string): Promise<void> {
  await db.query(forget, [actor, key]);
}

const purge = `
  delete from idempotency_key where (actor, key) in (
    select actor, key from idempotency_key where begun_at < $1 limit 1000)`;

/** Deletes at most a thousand keys past their day, so that it never holds locks for long. */
export async function purgeKeys(db: Db, now: number): Promise<number> {
  const { rowCount } = await db.query(purge, [now - keysKeptMs]);
  return rowCount ?? 0;
}
