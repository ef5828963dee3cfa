// A session: from the answer of the provider until it ends by its time, by signing out, or because the provider no longer
// says that the person is who they were. Its id is the cookie's value, 256 random bits.
import { randomBytes } from 'node:crypto';
import {
  addSession,
  claimSessionCheck,
  endSession,
  findSession,
  renewSession,
  type Session,
  type Store,
} from '@platte/state-store';
import type { Log } from '@platte/service';
import { z } from 'zod';
import type { Caller } from '../http/caller.js';
import type { Provider, Tokens } from './provider.js';
import type { Person } from './roles.js';
import { open, seal } from './seal.js';

/** A working day: whoever works on signs in again, mostly without noticing. */
export const sessionMs = 12 * 3_600_000;
/** How long a role that was taken away there may last here, where the provider gives refresh tokens. */
export const checkEveryMs = 5 * 60_000;
/** Without refresh tokens nobody can be asked: then a session is short. */
export const uncheckedSessionMs = 3_600_000;

const SealedTokens = z.object({ refreshToken: z.string().optional(), idToken: z.string().optional() });

export interface Sessions {
  /** @returns the cookie's value */
  start(person: Person, tokens: Tokens): Promise<{ cookie: string; expiresAt: number }>;
  find(cookie: string): Promise<Caller | undefined>;
  end(cookie: string): Promise<Tokens>;
}

export function makeSessions(needs: { store: Store; provider: Provider; now: () => number; log: Log }): Sessions {
  const { store, provider, now, log } = needs;

  /** Asks the provider again when it is time. @returns the session as it is now; undefined when it has ended */
  async function keepTrue(cookie: string, session: Session): Promise<Session | undefined> {
    if (now() - session.checkedAt < checkEveryMs) return session;
    const tokens = openTokens(cookie, session.sealed);
    if (tokens.refreshToken === undefined) return session;
    if (!(await claimSessionCheck(store.pool, cookie, { now: now(), seen: session.checkedAt }))) return session;
    try {
      const { known, tokens: fresh } = await provider.refresh(tokens, session.subject);
      if (known.status === 'no-role') throw new Error(`nothing gives ${known.name} a role any more`);
      const renewed = { ...known.person, sealed: sealTokens(cookie, fresh) };
      await renewSession(store.pool, cookie, renewed);
      return { ...session, ...renewed };
    } catch (error) {
      log.info(
        { why: error instanceof Error ? error.message : String(error), name: session.name },
        'a session ended: the provider did not confirm it',
      );
      await endSession(store.pool, cookie);
      return undefined;
    }
  }

  return {
    async start(person, tokens) {
      const cookie = randomBytes(32).toString('base64url');
      const createdAt = now();
      const expiresAt = createdAt + (tokens.refreshToken === undefined ? uncheckedSessionMs : sessionMs);
      const sealed = sealTokens(cookie, tokens);
      await addSession(store.pool, cookie, { ...person, createdAt, checkedAt: createdAt, expiresAt, sealed });
      log.info({ name: person.name, role: person.role }, 'a person signed in');
      return { cookie, expiresAt };
    },
    async find(cookie) {
      const stored = await findSession(store.pool, cookie, now());
      const session = stored && (await keepTrue(cookie, stored));
      if (!session) return undefined;
      const { subject, name, role, applications, expiresAt } = session;
      return { id: `person:${subject}`, name, kind: 'person', role, applications, expiresAt };
    },
    async end(cookie) {
      return openTokens(cookie, await endSession(store.pool, cookie));
    },
  };
}

function sealTokens(cookie: string, tokens: Tokens): Buffer {
  return seal(cookie, JSON.stringify(tokens));
}

function openTokens(cookie: string, sealed: Buffer | null): Tokens {
  const text = sealed && open(cookie, sealed);
  const { refreshToken, idToken } = text ? SealedTokens.parse(JSON.parse(text)) : {};
  return { refreshToken, idToken };
}
