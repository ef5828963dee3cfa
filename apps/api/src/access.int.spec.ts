import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startApi, type RunningApi } from './testing/running-api.js';

let api: RunningApi;

beforeAll(async () => {
  api = await startApi({
    postgresUrl: inject('postgresUrl'),
    natsUrl: inject('natsUrl'),
    clickhouseUrl: inject('clickhouseUrl'),
  });
});

afterAll(async () => {
  await api.stop();
});

const json = { 'content-type': 'application/json' };
const get = (path: string, headers: Record<string, string> = {}) => fetch(`${api.url}${path}`, { headers });

const post = (body: string, headers: Record<string, string> = {}) =>
  api.fetch(`${api.url}/api/v1/tokens`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });

describe('signing in', () => {
  it('answers nobody but who asks for health', async () => {
    expect((await get('/api/v1/health')).status).toBe(200);
    const response = await get('/api/v1/me');
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect(await response.json()).toMatchObject({ type: 'urn:platte:problem:unauthenticated', instance: '/api/v1/me' });
  });

  it('says who somebody is', async () => {
    expect(await api.clientOf(api.tokens.operator).getMe()).toEqual({
      name: 'test operator',
      kind: 'token',
      role: 'operator',
      applications: null,
      expires: null,
      csrfToken: null,
    });
  });

  it.each([
    ['no token of ours', 'Bearer abc'],
    ['another scheme', 'Basic YTpi'],
    ['an unknown id', `Bearer plt_${'z'.repeat(12)}_${'x'.repeat(32)}`],
    ['nothing', ''],
  ])('refuses %s', async (_, authorization) => {
    expect((await get('/api/v1/me', { authorization })).status).toBe(401);
  });

  it('refuses a wrong secret and an expired token in the same words', async () => {
    const expired = await api.makeToken({ role: 'admin', expiresAt: 2 });
    const answers = await Promise.all(
      [expired, `${api.tokens.admin.slice(0, -3)}abc`].map(async (token) => {
        const response = await get('/api/v1/me', { authorization: `Bearer ${token}` });
        const { requestId: _, ...problem } = (await response.json()) as Record<string, unknown>;
        return problem;
      }),
    );
    expect(answers[0]).toMatchObject({ status: 401 });
    expect(answers[0]).toEqual(answers[1]);
  });
});

describe('tokens', () => {
  it('are made with a role and an end, sign in, are listed without their secret, and end when revoked', async () => {
    const created = await api.admin.createToken({ body: { name: 'deploy', role: 'operator', expiresInDays: 7 } });
    expect(created).toMatchObject({ name: 'deploy', createdBy: 'test admin', revoked: null });
    const deploy = api.clientOf(created.token);
    expect(await deploy.getMe()).toMatchObject({ name: 'deploy', role: 'operator', expires: created.expires });
    const { items } = await api.admin.listTokens();
    expect(items.find(({ id }) => id === created.id)?.lastUsed).not.toBeNull();
    expect(JSON.stringify(items)).not.toContain(created.token.slice(-32));
    await api.admin.revokeToken({ params: { id: created.id } });
    await expect(deploy.getMe()).rejects.toMatchObject({ problem: { status: 401 } });
  });

  it('are listed page by page, with a link to the next', async () => {
    const first = await api.fetch(`${api.url}/api/v1/tokens?limit=2`);
    const { items, next } = (await first.json()) as { items: { id: string }[]; next: string };
    expect(items).toHaveLength(2);
    expect(first.headers.get('link')).toBe(`</api/v1/tokens?limit=2&cursor=${next}>; rel="next"`);
    const second = await api.admin.listTokens({ query: { limit: 2, cursor: next } });
    expect(second.items.map(({ id }) => id)).not.toContain(items[1]?.id);
  });

  it('cannot be made by an operator', async () => {
    const made = api.clientOf(api.tokens.operator).createToken({ body: { name: 'x', role: 'admin' } });
    await expect(made).rejects.toMatchObject({ problem: { status: 403, type: 'urn:platte:problem:forbidden' } });
  });

  it('cannot be made or seen by an admin of some applications only: a new one could see more', async () => {
    const limited = await api.makeToken({ role: 'admin', applications: ['e96281a6-d1af-4bde-9a0a-97b76e56dc57'] });
    await expect(api.clientOf(limited).listTokens()).rejects.toMatchObject({ problem: { status: 403 } });
  });
});

describe('a request that is wrong', () => {
  it('is answered with a pointer to every error', async () => {
    const response = await post(JSON.stringify({ name: '', role: 'king', color: 'red', applications: ['x'] }));
    expect(response.status).toBe(422);
    const { errors } = (await response.json()) as { errors: { pointer: string; detail: string }[] };
    expect(errors.map(({ pointer }) => pointer).toSorted()).toEqual(['/applications/0', '/color', '/name', '/role']);
  });

  it('with a query or a body where none is taken: a typing error must not look like success', async () => {
    const get = await api.fetch(`${api.url}/api/v1/me?verbose=1`);
    expect([get.status, await get.json()]).toMatchObject([422, { errors: [{ pointer: '?verbose' }] }]);
    const path = `${api.url}/api/v1/tokens/${'z'.repeat(12)}`;
    const remove = await api.fetch(path, { method: 'DELETE', body: '{"force":true}', headers: json });
    expect([remove.status, await remove.json()]).toMatchObject([422, { errors: [{ pointer: '/force' }] }]);
    const broken = await api.fetch(path, { method: 'DELETE', body: '{', headers: json });
    expect(broken.status).toBe(400);
  });

  it.each([
    ['is no JSON', '{"name":', 400],
    ['names __proto__', '{"__proto__":{"x":1}}', 400],
    ['is too large', `{"name":"${'x'.repeat(300_000)}"}`, 413],
    ['is a list', '[]', 422],
    ['is empty', '', 422],
  ])('with a body that %s', async (_, body, status) => {
    expect((await post(body)).status).toBe(status);
  });

  it('with a body of another type', async () => {
    expect((await post('name=x', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(415);
  });

  it('with a query parameter that is unknown, repeated or out of its range', async () => {
    for (const query of ['colour=red', 'limit=1&limit=2', 'limit=501', 'limit=0', 'cursor=%00', 'cursor=e30'])
      expect([query, (await api.fetch(`${api.url}/api/v1/tokens?${query}`)).status]).toEqual([query, 422]);
  });

  it('to a path that is not there, or with a method that it does not know', async () => {
    expect((await get('/api/v1/nothing')).status).toBe(404);
    const response = await fetch(`${api.url}/api/v1/tokens`, { method: 'PUT' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, POST');
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect((await get('/%zz')).status).toBe(400);
  });
});

describe('every answer', () => {
  it('has a request id, keeps an acceptable one of the caller, and is not kept by caches', async () => {
    const own = await get('/api/v1/health', { 'x-request-id': 'trace-1' });
    expect(own.headers.get('x-request-id')).toBe('trace-1');
    const forged = await get('/api/v1/health', { 'x-request-id': 'a b"c' });
    expect(forged.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(forged.headers.get('cache-control')).toBe('no-store');
  });

  it('carries security headers, also when it is an error, and lets no other origin in', async () => {
    const response = await get('/api/v1/me', { origin: 'http://elsewhere.example' });
    expect(response.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('x-frame-options')).toBe('SAMEORIGIN');
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('says what is left of the caller’s budget', async () => {
    const response = await api.fetch(`${api.url}/api/v1/me`);
    expect(response.headers.get('ratelimit')).toMatch(/^"default";r=\d+;t=\d+$/);
  });
});
