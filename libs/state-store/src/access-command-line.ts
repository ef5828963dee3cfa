// A command line that waits for its token: its person has said yes, and a code on its way to it stands for that. Once, and
// for a minute.
import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { AccessRole } from './access-tokens.js';

type Db = Pick<pg.Pool, 'query'>;

export interface CommandLineCode {
  /** BASE64URL(SHA256(verifier)). */
  challenge: string;
  host: string;
  name: string;
  role: AccessRole;
  applications: string[] | null;
  expiresAt: number;
}

const insertCode = `
  insert into command_line_code (code_sha256, challenge, host, name, role, applications, expires_at)
  values ($1, $2, $3, $4, $5, $6, $7)`;

export async function addCommandLineCode(db: Db, code: string, kept: CommandLineCode): Promise<void> {
  const { challenge, host, name, role, applications, expiresAt } = kept;
  await db.query(insertCode, [hashOf(code), challenge, host, name, role, applications, expiresAt]);
}

const takeCodeOnce = `
  delete from command_line_code where code_sha256 = $1
  returning challenge, host, name, role, applications, expires_at as "expiresAt"`;

/** Once: also one that is shown with a wrong verifier is used up, so that nobody can try. */
export async function takeCommandLineCode(db: Db, code: string, now: number): Promise<CommandLineCode | undefined> {
  const { rows } = await db.query<CommandLineCode>(takeCodeOnce, [hashOf(code)]);
  return rows.find(({ expiresAt }) => expiresAt > now);
}

const purge = `delete from command_line_code where expires_at <= $1`;

export async function purgeCommandLineCodes(db: Db, now: number): Promise<void> {
  await db.query(purge, [now]);
}

function hashOf(code: string): Buffer {
  return createHash('sha256').update(code).digest();
}
