import { Controller } from '@nestjs/common';
import { toInstant, type InputOf, type OutputOf, type Token } from '@platte/api-contract';
import {
  addToken,
  findApplication,
  findToken,
  listTokens,
  revokeByToken,
  revokeToken,
  type AccessToken,
} from '@platte/state-store';
import { z } from 'zod';
import { stopDryRun } from '../commands.js';
import { actorOf, type Caller } from '../http/caller.js';
import { parseCursor, toPage } from '../http/cursor.js';
import { Operation } from '../http/operation-route.js';
import { ApiProblem, lastAdminToken, notFound } from '../http/problems.js';
import { drawToken } from '../new-token.js';
import { ApiParts } from '../parts.js';

const dayMs = 86_400_000;

@Controller()
export class AccessController {
  constructor(private readonly parts: ApiParts) {}

  @Operation('getMe')
  async getMe(_: InputOf<'getMe'>, caller: Caller): Promise<OutputOf<'getMe'>> {
    const { name, role, applications, expiresAt } = caller;
    const kind = caller.kind === 'person' ? 'person' : 'token';
    const csrfToken = caller.csrfToken ?? null;
    return { name, kind, role, applications, expires: toInstantOrNull(expiresAt), csrfToken };
  }

  @Operation('listTokens')
  async listTokens({ query }: InputOf<'listTokens'>): Promise<OutputOf<'listTokens'>> {
    const after = parseCursor(query.cursor, z.string());
    const rows = await listTokens(this.parts.store.pool, { limit: query.limit + 1, ...(after && { after }) });
    return toPage(rows, query.limit, toTokenView, ({ id }) => id);
  }

  @Operation('createToken')
  async createToken({ body }: InputOf<'createToken'>, caller: Caller): Promise<OutputOf<'createToken'>> {
    await this.assertApplications(body.applications ?? []);
    const { id, secret, text } = drawToken();
    const createdAt = this.parts.now();
    const token = {
      id,
      name: body.name,
      role: body.role,
      applications: body.applications && [...new Set(body.applications)],
      createdBy: actorOf(caller),
      createdAt,
      expiresAt: body.expiresInDays === null ? null : createdAt + body.expiresInDays * dayMs,
    };
    stopDryRun(caller, [{ kind: 'TokenCreated', subject: id, before: null, after: toTold(token) }]);
    await addToken(this.parts.store.pool, { ...token, secret });
    return { ...toTokenView({ ...token, lastUsedAt: null, revokedAt: null }), token: text };
  }

  @Operation('revokeToken')
  async revokeToken({ params, query }: InputOf<'revokeToken'>, caller: Caller): Promise<OutputOf<'revokeToken'>> {
    const { pool } = this.parts.store;
    const token = await findToken(pool, params.id);
    if (!token) throw notFound('token', params.id);
    const { dryRun = false } = caller;
    const ended = { id: token.id, actor: actorOf(caller), now: this.parts.now() };
    if (caller.kind === 'token') {
      const outcome = await revokeByToken(pool, { ...ended, force: query.force === 'true', dryRun });
      if (outcome === 'last-admin') throw lastAdminToken();
    } else if (!dryRun) await revokeToken(pool, ended);
    const change = { kind: 'TokenRevoked', subject: token.id, before: toTold(token), after: null };
    // One that is revoked already stays so.
    stopDryRun(caller, token.revokedAt === null ? [change] : []);
  }

  /** A token for what is not there would see nothing, and whoever mistyped the id would look for the reason elsewhere. */
  private async assertApplications(ids: readonly string[]): Promise<void> {
    const found = await Promise.all(ids.map((id) => findApplication(this.parts.store.pool, id)));
    const errors = ids.flatMap((id, i) =>
      found[i] ? [] : [{ pointer: `/applications/${i}`, detail: `There is no application ${id}.` }],
    );
    const [first] = errors;
    if (first) throw new ApiProblem('invalid-request', { detail: `${first.pointer}: ${first.detail}`, errors });
  }
}

/** As the audit log tells of it. */
function toTold({
  name,
  role,
  applications,
  expiresAt,
}: Pick<AccessToken, 'name' | 'role' | 'applications' | 'expiresAt'>) {
  return { name, role, applications, expiresAt };
}

function toTokenView(token: AccessToken): Token {
  const { id, name, role, applications, createdBy } = token;
  return {
    id,
    name,
    role,
    applications,
    createdBy: createdBy.name,
    createdByKind: createdBy.kind,
    createdAt: toInstant(token.createdAt),
    expires: toInstantOrNull(token.expiresAt),
    lastUsed: toInstantOrNull(token.lastUsedAt),
    revoked: toInstantOrNull(token.revokedAt),
  };
}

function toInstantOrNull(ms: number | null): string | null {
  return ms === null ? null : toInstant(ms);
}
