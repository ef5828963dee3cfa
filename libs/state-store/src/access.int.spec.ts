import { createHash } from 'node:crypto';
import { platte, toActor } from '@platte/facts';
import { beforeEach, describe, expect, it } from 'vitest';
import { useFreshStore } from '../test/fresh-store.js';
import { beginKey, forgetKey, keepAnswer, keysKeptMs, purgeKeys } from './access-idempotency.js';
import {
  addToken,
  checkToken,
  isUsableToken,
  listTokens,
  type NewAccessToken,
  noteTokenUse,
  putBootstrapToken,
  revokeByToken,
  revokeToken,
} from './access-tokens.js';
import type { Store } from './store.js';
import { withTransaction } from './transaction.js';

let store: Store;

useFreshStore((opened) => (store = opened));

beforeEach(async () => {
  await store.pool.query('truncate access_token, idempotency_key, access_change');
});

const ada = toActor('ada', 'person');
const token: NewAccessToken = {
  id: 'aaaaaaaaaaaa',
  secret: 'a secret',
  name: 'deploy',
  role: 'operator',
  applications: ['e96281a6-d1af-4bde-9a0a-97b76e56dc57'],
  createdBy: ada,
  createdAt: 1000,
  expiresAt: 5000,
};

describe('access tokens', () => {
  it('signs in with the secret that it was made with, until it expires', async () => {
    await addToken(store.pool, token);
    const { secret: _secret, ...rest } = token;
    expect(await checkToken(store.pool, token.id, 'a secret', 4999)).toEqual({
      status: 'valid',
      token: { ...rest, lastUsedAt: null, revokedAt: null },
    });
    expect(await checkToken(store.pool, token.id, 'a secret', 5000)).toEqual({ status: 'expired' });
    expect(await checkToken(store.pool, token.id, 'another', 2000)).toEqual({ status: 'wrong-secret' });
    expect(await checkToken(store.pool, 'bbbbbbbbbbbb', 'a secret', 2000)).toEqual({ status: 'unknown' });
  });

  it('keeps nothing that signs in', async () => {
    await addToken(store.pool, token);
    const { rows } = await store.pool.query('select t::text as row from access_token t');
    expect(JSON.stringify(rows)).not.toContain(token.secret);
  });

  it('refuses a revoked token, and keeps when it was revoked first', async () => {
    await addToken(store.pool, token);
    expect(await revokeToken(store.pool, { id: token.id, actor: ada, now: 2000 })).toBe(true);
    expect(await revokeToken(store.pool, { id: token.id, actor: ada, now: 3000 })).toBe(true);
    expect(await revokeToken(store.pool, { id: 'bbbbbbbbbbbb', actor: ada, now: 3000 })).toBe(false);
    expect(await checkToken(store.pool, token.id, token.secret, 2000)).toEqual({ status: 'revoked' });
    expect(await listTokens(store.pool, { limit: 10 })).toMatchObject([{ revokedAt: 2000 }]);
  });

  it('notes its last use once a minute', async () => {
    await addToken(store.pool, token);
    for (const now of [1_800_000_000_000, 1_800_000_030_000, 1_800_000_060_001])
      await noteTokenUse(store.pool, token.id, now);
    expect(await listTokens(store.pool, { limit: 10 })).toMatchObject([{ lastUsedAt: 1_800_000_060_001 }]);
  });

  it('lists the newest first, page by page', async () => {
    for (const [index, id] of ['aaaaaaaaaaaa', 'bbbbbbbbbbbb', 'cccccccccccc'].entries())
      await addToken(store.pool, { ...token, id, createdAt: 1000 + index });
    const first = await listTokens(store.pool, { limit: 2 });
    const second = await listTokens(store.pool, { limit: 2, after: 'bbbbbbbbbbbb' });
    expect([first, second].map((page) => page.map(({ id }) => id))).toEqual([
      ['cccccccccccc', 'bbbbbbbbbbbb'],
      ['aaaaaaaaaaaa'],
    ]);
  });

  it('logs who made and who revoked it, once, without the secret', async () => {
    await addToken(store.pool, token);
    for (const now of [2000, 3000])
      await revokeToken(store.pool, { id: token.id, actor: toActor('platte', 'token'), now });
    const { rows } = await store.pool.query(
      'select at, actor, actor_kind, kind, subject, before, after from access_change order by id',
    );
    const described = { name: 'deploy', role: 'operator', applications: token.applications, expiresAt: 5000 };
    expect(rows).toEqual([
      {
        at: 1000,
        actor: 'ada',
        actor_kind: 'person',
        kind: 'TokenCreated',
        subject: token.id,
        before: null,
        after: described,
      },
      {
        at: 2000,
        actor: 'platte',
        actor_kind: 'token',
        kind: 'TokenRevoked',
        subject: token.id,
        before: described,
        after: null,
      },
    ]);
  });

  it('lets only the bootstrap token that is configured sign in, and never brings a revoked one back', async () => {
    const bootstrap = { ...token, createdBy: platte, expiresAt: null, applications: null };
    // A person of that name makes tokens of their own.
    await addToken(store.pool, { ...token, id: 'dddddddddddd', createdBy: toActor('platte', 'person') });
    await putBootstrapToken(store.pool, bootstrap);
    await putBootstrapToken(store.pool, { ...bootstrap, id: 'bbbbbbbbbbbb', createdAt: 2000 });
    const statuses = async () =>
      Promise.all(
        ['aaaaaaaaaaaa', 'bbbbbbbbbbbb', 'dddddddddddd'].map(
          async (id) => (await checkToken(store.pool, id, token.secret, 3000)).status,
        ),
      );
    expect(await statuses()).toEqual(['revoked', 'valid', 'valid']);
    await revokeToken(store.pool, { id: 'bbbbbbbbbbbb', actor: ada, now: 2500 });
    await putBootstrapToken(store.pool, { ...bootstrap, id: 'bbbbbbbbbbbb', createdAt: 2600 });
    expect(await statuses()).toEqual(['revoked', 'revoked', 'valid']);
  });
});

describe('the own token of an admin', () => {
  const id = token.id;
  const admin: NewAccessToken = { ...token, role: 'admin', applications: null, expiresAt: null };
  const give = (more: object = {}) => ({ id, actor: ada, now: 2000, force: false, dryRun: false, ...more });
  const isRevoked = async () => (await checkToken(store.pool, id, token.secret, 2000)).status === 'revoked';

  it('stays while no other token is an admin’s of everything, but by force', async () => {
    await addToken(store.pool, admin);
    const others = [{ role: 'operator' }, { applications: token.applications }, { expiresAt: 1500 }] as const;
    for (const [index, other] of others.entries())
      await addToken(store.pool, { ...admin, ...other, id: `bbbbbbbbbbb${index}` });
    expect(await revokeByToken(store.pool, give())).toBe('last-admin');
    expect(await isRevoked()).toBe(false);
    expect(await revokeByToken(store.pool, give({ force: true, dryRun: true }))).toBe('revoked');
    expect(await isRevoked()).toBe(false);
    expect(await revokeByToken(store.pool, give({ force: true }))).toBe('revoked');
    expect(await isRevoked()).toBe(true);
  });

  it('goes where another one stays', async () => {
    await addToken(store.pool, admin);
    await addToken(store.pool, { ...admin, id: 'bbbbbbbbbbbb' });
    expect(await revokeByToken(store.pool, give())).toBe('revoked');
  });

  it('stays for one of two that go at once', async () => {
    await addToken(store.pool, admin);
    await addToken(store.pool, { ...admin, id: 'bbbbbbbbbbbb' });
    const outcomes = await Promise.all([id, 'bbbbbbbbbbbb'].map((own) => revokeByToken(store.pool, give({ id: own }))));
    expect(outcomes.toSorted()).toEqual(['last-admin', 'revoked']);
  });
});

describe('a bootstrap token', () => {
  it('is usable until it is revoked or over, with its own secret', async () => {
    const isUsable = (secret = token.secret, now = 2000) => isUsableToken(store.pool, token.id, secret, now);
    expect(await isUsable()).toBe(true);
    await addToken(store.pool, token);
    expect([await isUsable(), await isUsable('another'), await isUsable(token.secret, 5000)]).toEqual([
      true,
      false,
      false,
    ]);
    await revokeToken(store.pool, { id: token.id, actor: ada, now: 2000 });
    expect(await isUsable()).toBe(false);
  });

  it('is usable where there is no database yet', async () => {
    await addToken(store.pool, token);
    await revokeToken(store.pool, { id: token.id, actor: ada, now: 2000 });
    const isUsable = await withTransaction(store.pool, async (client) => {
      await client.query('set local search_path to pg_catalog');
      return isUsableToken(client, token.id, token.secret, 2000);
    });
    expect(isUsable).toBe(true);
  });
});

const sha = (text: string) => createHash('sha256').update(text).digest();
const request = { actor: 'ada', key: 'k1', requestSha256: sha('POST /groups {}'), now: 1000 };
const answer = { status: 201, headers: { etag: '"1"' }, body: '{"id":"g"}' };

describe('idempotency keys', () => {
  it('lets one of many begin, and gives the others its answer', async () => {
    const states = await Promise.all(Array.from({ length: 8 }, () => beginKey(store.pool, request)));
    expect(states.map(({ status }) => status).toSorted()).toEqual(['begun', ...Array<string>(7).fill('running')]);
    await keepAnswer(store.pool, 'ada', 'k1', answer);
    expect(await beginKey(store.pool, { ...request, now: 2000 })).toEqual({ status: 'answered', answer });
  });

  it('refuses a key that was used for another request, and keeps actors apart', async () => {
    await beginKey(store.pool, request);
    expect(await beginKey(store.pool, { ...request, requestSha256: sha('other') })).toEqual({
      status: 'other-request',
    });
    expect(await beginKey(store.pool, { ...request, actor: 'bob' })).toEqual({ status: 'begun' });
  });

  it('can be begun again when its process died, when it was forgotten, and after a day', async () => {
    await beginKey(store.pool, request);
    expect(await beginKey(store.pool, { ...request, now: 61_000 })).toEqual({ status: 'running' });
    expect(await beginKey(store.pool, { ...request, now: 61_001 })).toEqual({ status: 'begun' });
    await forgetKey(store.pool, 'ada', 'k1');
    expect(await beginKey(store.pool, { ...request, now: 61_002 })).toEqual({ status: 'begun' });
    await keepAnswer(store.pool, 'ada', 'k1', answer);
    expect(await beginKey(store.pool, { ...request, now: 61_003 + keysKeptMs })).toEqual({ status: 'begun' });
  });

  it('is purged after a day', async () => {
    await beginKey(store.pool, request);
    expect(await purgeKeys(store.pool, request.now + keysKeptMs)).toBe(0);
    expect(await purgeKeys(store.pool, request.now + keysKeptMs + 1)).toBe(1);
  });
});
