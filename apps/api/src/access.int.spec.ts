import { connect } from 'node:net';
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

const nobodysId = '00000000-0000-4000-8000-000000000099';
const json = { 'content-type': 'application/json' };
const get = (path: string, headers: Record<string, string> = {}) => fetch(`${api.url}${path}`, { headers });

const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
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

  it('are not revoked by themselves when they are the last of an admin, but by force', async () => {
    const own = await api.makeToken({ role: 'admin' });
    const [, id = ''] = own.split('_');
    const client = api.clientOf(own);
    const { rows: others } = await api.store.pool.query<{ id: string }>(
      `update access_token set revoked_at = 1 where role = 'admin' and revoked_at is null and id <> $1 returning id`,
      [id],
    );
    const refused = { problem: { status: 409, reason: 'last-admin-token' } };
    await expect(client.revokeToken({ params: { id } })).rejects.toMatchObject(refused);
    const planned = await fetch(`${api.url}/api/v1/tokens/${id}?dryRun=true`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${own}` },
    });
    expect(planned.status).toBe(409);
    expect(await client.getMe()).toMatchObject({ role: 'admin' });
    await client.revokeToken({ params: { id }, query: { force: 'true' } });
    await expect(client.getMe()).rejects.toMatchObject({ problem: { status: 401 } });
    await api.store.pool.query('update access_token set revoked_at = null where id = any($1)', [
      others.map((other) => other.id),
    ]);
  });

  it('stay for one of two admins who revoke each other at once', async () => {
    const [own, other] = [await api.makeToken({ role: 'admin' }), await api.makeToken({ role: 'admin' })];
    const ids = [own, other].map((token) => token.split('_')[1] ?? '');
    const { rows: others } = await api.store.pool.query<{ id: string }>(
      `update access_token set revoked_at = 1 where role = 'admin' and revoked_at is null and id <> all($1) returning id`,
      [ids],
    );
    const outcomes = await Promise.allSettled([
      api.clientOf(own).revokeToken({ params: { id: ids[1] ?? '' } }),
      api.clientOf(other).revokeToken({ params: { id: ids[0] ?? '' } }),
    ]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await api.store.pool.query('update access_token set revoked_at = null where id = any($1)', [
      others.map(({ id }) => id),
    ]);
  });

  it('are listed page by page, with a link to the next', async () => {
    const first = await api.fetch(`${api.url}/api/v1/tokens?limit=2`);
    const { items, next } = (await first.json()) as { items: { id: string }[]; next: string };
    expect(items).toHaveLength(2);
    expect(first.headers.get('link')).toBe(`</api/v1/tokens?limit=2&cursor=${next}>; rel="next"`);
    const second = await api.admin.listTokens({ query: { limit: 2, cursor: next } });
    expect(second.items.map(({ id }) => id)).not.toContain(items[1]?.id);
  });

  it('are made for applications that there are', async () => {
    const missing = '00000000-0000-4000-8000-000000000099';
    const { id } = await api.admin.createApplication({ body: { name: 'limited' } });
    const refused = api.admin.createToken({ body: { name: 'x', role: 'viewer', applications: [id, missing] } });
    await expect(refused).rejects.toMatchObject({ problem: { status: 422, errors: [{ pointer: '/applications/1' }] } });
    const made = await api.admin.createToken({ body: { name: 'x', role: 'viewer', applications: [id, id] } });
    expect(made.applications).toEqual([id]);
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

  it.each([
    ['POST', 'applications', { name: 'a\u202Eb' }, '/name'],
    ['POST', 'applications', { name: 'ab', description: 'one\ntwo\u0007' }, '/description'],
    ['POST', 'tokens', { name: 'platte\u200B', role: 'viewer' }, '/name'],
    ['POST', `groups/${nobodysId}/pause`, { note: '\u001B[2J' }, '/note'],
    ['POST', 'groups', { application: nobodysId, name: 'a', track: 'stable\u2066' }, '/track'],
    ['PATCH', 'instances/m1', { labels: { site: 'x\u061C' } }, '/labels/site'],
    ['PATCH', 'instances/m1', { alias: 'x\ny' }, '/alias'],
    [
      'POST',
      'groups',
      {
        application: nobodysId,
        name: 'a',
        policy: { freezes: [{ from: '2026-12-20', to: '2026-12-21', note: '\u202E' }] },
      },
      '/policy/freezes/0/note',
    ],
  ])('with a character that is not seen is refused, and says which: %s %s %j', async (method, path, body, pointer) => {
    const headers = { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' };
    const response = await api.fetch(`${api.url}/api/v1/${path}`, { method, headers, body: JSON.stringify(body) });
    const { errors } = (await response.json()) as { errors: { pointer: string; detail: string }[] };
    expect([response.status, errors]).toMatchObject([422, [{ pointer }]]);
    expect(errors[0]?.detail).toMatch(/^holds U\+[0-9A-F]{4}/);
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
    ['is null', 'null', 422],
    ['is not UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400],
    ['is nested without end', `{"name":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 422],
  ])('with a body that %s', async (_, body, status) => {
    expect((await post(body)).status).toBe(status);
  });

  it('with a body of another type', async () => {
    const types = ['application/x-www-form-urlencoded', 'text/plain', 'application/json; charset=utf-16'];
    for (const type of types) expect([type, (await post('{}', { 'content-type': type })).status]).toEqual([type, 415]);
    expect((await post('{}', { 'content-encoding': 'gzip' })).status).toBe(415);
  });

  it('with a query parameter that is unknown, repeated or out of its range', async () => {
    for (const query of [
      'colour=red',
      'limit=1&limit=2',
      'limit=501',
      'limit=0',
      'limit=0x10',
      'limit=1e2',
      'limit=%205',
      'limit=5.0',
      'limit=%2B5',
      'cursor=%00',
      'cursor=e30',
    ])
      expect([query, (await api.fetch(`${api.url}/api/v1/tokens?${query}`)).status]).toEqual([query, 422]);
  });

  it('to a path that is not there, or with a method that it does not know', async () => {
    expect((await get('/api/v1/nothing')).status).toBe(404);
    const response = await fetch(`${api.url}/api/v1/tokens`, { method: 'PUT' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD, POST');
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    const unreadable = await get('/api/v1/instances/%ff', { authorization: `Bearer ${api.tokens.viewer}` });
    expect([unreadable.status, await unreadable.json()]).toMatchObject([
      400,
      { type: 'urn:platte:problem:malformed-request' },
    ]);
    expect((await api.fetch(`${api.url}/api/v1/instances?search=%ff`)).status).toBe(400);
  });

  it('with text that no store takes: it is told where', async () => {
    const notStored = async (method: string, path: string, body?: string) => {
      const response = await api.fetch(`${api.url}/api/v1/${path}`, { method, headers: json, ...(body && { body }) });
      const { errors } = (await response.json()) as { errors: { pointer: string }[] };
      return [response.status, errors.map(({ pointer }) => pointer)];
    };
    const cursor = Buffer.from('"a\\u0000"').toString('base64url');
    expect(await notStored('GET', 'instances/a%00b')).toEqual([422, ['{id}']]);
    expect(await notStored('GET', 'audit?actor=%00')).toEqual([422, ['?actor']]);
    expect(await notStored('GET', `tokens?cursor=${cursor}`)).toEqual([422, ['?cursor']]);
    expect(await notStored('POST', 'applications', '{"name":"\\u0000","description":"\\ud800"}')).toEqual([
      422,
      ['/name', '/description'],
    ]);
    expect(await notStored('PATCH', 'instances/x', '{"labels":{"a\\u0000":"x"}}')).toEqual([422, ['/labels']]);
  });

  it('so that nobody could read it, is answered with a problem too', async () => {
    const { port } = new URL(api.url);
    const send = async (text: string) => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.end(text);
      let answer = '';
      for await (const chunk of socket) answer += String(chunk);
      return answer;
    };
    expect(await send('nonsense\r\n\r\n')).toMatch(/^HTTP\/1.1 400 [^]*problem\+json[^]*malformed-request/);
    const long = `GET /api/v1/health HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`;
    expect(await send(long)).toMatch(/^HTTP\/1.1 431 [^]*urn:platte:problem:headers-too-large/);
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
    expect(response.headers.get('x-frame-options')).toBe('DENY');
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('says what is left of the caller’s budget', async () => {
    const response = await api.fetch(`${api.url}/api/v1/me`);
    expect(response.headers.get('ratelimit')).toMatch(/^"default";r=\d+;t=\d+$/);
  });
});
