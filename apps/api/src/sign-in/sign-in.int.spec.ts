// Signing in against a real provider (oidc-provider, in process), and against one that lies.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { portOf } from '@platte/service';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey } from 'jose';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { makeBrowser, type Browser, type Page } from '../testing/browser.js';
import { configOf, platte, startProvider, type RunningProvider } from '../testing/identity-provider.js';
import { startApi, type RunningApi } from '../testing/running-api.js';
import { ids } from '../testing/sample-fleet.js';
import { checkEveryMs } from './sessions.js';

const stores = () => ({
  postgresUrl: inject('postgresUrl'),
  natsUrl: inject('natsUrl'),
  clickhouseUrl: inject('clickhouseUrl'),
});

async function listen(): Promise<{ server: Server; url: string }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${portOf(server)}` };
}

/** Who the provider knows, and which groups they are in now. */
const people = new Map<string, string[]>();
const clock = { offsetMs: 0 };
const asked = (browser: Browser, path: string, init: RequestInit = {}) => browser.go(platte + path, init);
const json = (page: Page) => JSON.parse(page.text) as Record<string, unknown>;

describe('with a provider that is true', () => {
  let api: RunningApi;
  let provider: RunningProvider;
  let hosts: Record<string, string>;

  beforeAll(async () => {
    provider = await startProvider(people);
    api = await startApi({ ...stores(), oidc: configOf(provider.url), now: () => Date.now() + clock.offsetMs });
    hosts = { 'platte.test': api.url };
  });

  afterAll(async () => {
    await api.stop();
    provider.stop();
  });

  async function signIn(
    name: string,
    groups: string[],
    returnTo = '/',
    browser = makeBrowser(hosts),
  ): Promise<{ browser: Browser; page: Page }> {
    people.set(name, groups);
    const login = await asked(browser, `/auth/login?return=${encodeURIComponent(returnTo)}`);
    const consent = await browser.submit(login, { login: name, password: 'any' });
    return { browser, page: await browser.submit(consent, {}) };
  }

  it('a person signs in, comes back to where they wanted to go, and is who the provider says', async () => {
    const { browser, page } = await signIn('ada', ['staff', 'root'], '/groups/1?x=y');
    expect(page.url.href).toBe(`${platte}/groups/1?x=y`);
    expect(json(await asked(browser, '/api/v1/me'))).toMatchObject({
      name: 'ada@example.com',
      kind: 'person',
      role: 'admin',
      applications: null,
    });
    expect(browser.cookie(platte, '__Host-platte-sign-in')).toBeUndefined();
  });

  it('a session’s cookie is for this host, TLS and no script, and the database alone signs nobody in', async () => {
    const { browser } = await signIn('ada', ['root']);
    const cookie = browser.cookie(platte, '__Host-platte') ?? '';
    expect(cookie).toMatch(/^[\w-]{43}$/);
    const { rows } = await api.store.pool.query('select s::text as row from session s');
    expect(JSON.stringify(rows)).not.toContain(cookie);
    const login = await fetch(`${api.url}/auth/login`, { redirect: 'manual' });
    expect(login.headers.getSetCookie()[0]).toMatch(
      /^__Host-platte-sign-in=.*Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
    expect(login.headers.get('location')).toMatch(/code_challenge_method=S256/);
  });

  it('a person without a role is told so, and why', async () => {
    const { browser, page } = await signIn('eve', ['visitors']);
    expect(page.status).toBe(403);
    expect(page.text).toContain('Your claim groups has visitors');
    expect((await asked(browser, '/api/v1/me')).status).toBe(401);
  });

  it('whatever changes something needs the token that only our own pages can read', async () => {
    const { browser } = await signIn('ada', ['root']);
    const { csrfToken } = json(await asked(browser, '/api/v1/me'));
    const create = (headers: Record<string, string>) =>
      asked(browser, '/api/v1/applications', {
        method: 'POST',
        body: '{"name":"by ada"}',
        headers: { 'content-type': 'application/json', ...headers },
      });
    expect((await create({})).status).toBe(403);
    expect((await create({ 'x-csrf-token': 'guessed' })).status).toBe(403);
    expect((await create({ 'x-csrf-token': String(csrfToken) })).status).toBe(201);
    const audit = json(await asked(browser, '/api/v1/audit?limit=1'));
    expect(audit).toMatchObject({ items: [{ actor: 'ada@example.com', kind: 'ApplicationCreated' }] });
  });

  it('a role that is changed there is changed here, and one that is taken away ends the session', async () => {
    const { browser } = await signIn('bob', ['ops']);
    const role = async () => (await asked(browser, '/api/v1/me')).text;
    expect(await role()).toContain('"operator"');
    people.set('bob', ['staff']);
    expect(await role()).toContain('"operator"');
    clock.offsetMs += checkEveryMs;
    expect(await role()).toContain('"viewer"');
    people.set('bob', []);
    clock.offsetMs += checkEveryMs;
    expect((await asked(browser, '/api/v1/me')).status).toBe(401);
    expect((await asked(browser, '/api/v1/me')).status).toBe(401);
  });

  it('a person signs out, here and there', async () => {
    const { browser } = await signIn('ada', ['root']);
    const cookie = browser.cookie(platte, '__Host-platte') ?? '';
    const { csrfToken } = json(await asked(browser, '/api/v1/me'));
    expect((await asked(browser, '/auth/logout', { method: 'POST' })).status).toBe(403);
    const out = await asked(browser, '/auth/logout', {
      method: 'POST',
      headers: { 'x-csrf-token': String(csrfToken) },
    });
    expect(json(out)['redirect']).toMatch(/\/session\/end\?.*id_token_hint=/);
    expect(browser.cookie(platte, '__Host-platte')).toBeUndefined();
    browser.setCookie(platte, '__Host-platte', cookie);
    expect((await asked(browser, '/api/v1/me')).status).toBe(401);
  });

  it('a browser that signs in anew holds one session: what it held before is over', async () => {
    const { browser } = await signIn('ada', ['root']);
    const before = browser.cookie(platte, '__Host-platte') ?? '';
    const { csrfToken } = json(await asked(browser, '/api/v1/me'));
    // The provider still knows ada: the second sign-in asks her nothing.
    expect((await asked(browser, '/auth/login')).url.href).toBe(`${platte}/`);
    const after = browser.cookie(platte, '__Host-platte') ?? '';
    expect(after).toMatch(/^[\w-]{43}$/);
    expect(after).not.toBe(before);
    expect(json(await asked(browser, '/api/v1/me'))['csrfToken']).not.toBe(csrfToken);
    const old = makeBrowser(hosts);
    old.setCookie(platte, '__Host-platte', before);
    expect((await asked(old, '/api/v1/me')).status).toBe(401);
  });

  it('a browser that signs in as somebody else leaves nobody behind', async () => {
    const { browser } = await signIn('ada', ['root']);
    const before = browser.cookie(platte, '__Host-platte') ?? '';
    const shared = makeBrowser(hosts);
    shared.setCookie(platte, '__Host-platte', before);
    await signIn('bob', ['ops'], '/', shared);
    expect(json(await asked(shared, '/api/v1/me'))).toMatchObject({ name: 'bob@example.com', role: 'operator' });
    const old = makeBrowser(hosts);
    old.setCookie(platte, '__Host-platte', before);
    expect((await asked(old, '/api/v1/me')).status).toBe(401);
  });

  it('a cookie that somebody planted is never anybody’s session', async () => {
    const planted = 'p'.repeat(43);
    const victim = makeBrowser(hosts);
    victim.setCookie(platte, '__Host-platte', planted);
    await signIn('ada', ['root'], '/', victim);
    expect(victim.cookie(platte, '__Host-platte')).not.toBe(planted);
    expect(json(await asked(victim, '/api/v1/me'))).toMatchObject({ name: 'ada@example.com' });
    const attacker = makeBrowser(hosts);
    attacker.setCookie(platte, '__Host-platte', planted);
    expect((await asked(attacker, '/api/v1/me')).status).toBe(401);
  });

  it('an answer of the provider counts once, and only in the browser that asked', async () => {
    people.set('ada', ['root']);
    const victim = makeBrowser({});
    const asking = makeBrowser({ ...hosts });
    const login = await asked(asking, '/auth/login');
    const consent = await asking.submit(login, { login: 'ada', password: 'any' });
    const signInCookie = asking.cookie(platte, '__Host-platte-sign-in') ?? '';
    const done = await asking.submit(consent, {});
    expect(done.url.pathname).toBe('/');
    // The answer again, with the cookie that it belonged to: it was used.
    asking.setCookie(platte, '__Host-platte-sign-in', signInCookie);
    const replayed = await asked(asking, '/auth/callback?code=x&state=y');
    expect(replayed.status).toBe(400);
    const elsewhere = await makeBrowser(hosts).go(`${platte}/auth/callback?code=x&state=y`);
    expect(elsewhere.status).toBe(400);
    expect(victim.cookie(platte, '__Host-platte')).toBeUndefined();
  });

  it('a session ends with its time', async () => {
    const { browser } = await signIn('ada', ['root']);
    clock.offsetMs += 12 * 3_600_000;
    expect((await asked(browser, '/api/v1/me')).status).toBe(401);
  });

  it.each(['//evil.example', 'https://evil.example', '/\\evil.example', '/a b', ''])(
    'comes back to its own pages only, not to %s',
    async (returnTo) => {
      const { page } = await signIn('ada', ['root'], returnTo);
      expect(page.url.href).toBe(`${platte}/`);
    },
  );
});

describe('with roles from userinfo', () => {
  const knows = new Map([['ada', ['root']]]);
  let told: 'id_token' | 'userinfo';
  let api: RunningApi;
  let provider: RunningProvider;

  beforeAll(async () => {
    provider = await startProvider(knows, (place) => place === told);
    api = await startApi({
      ...stores(),
      oidc: configOf(provider.url, { rolesFrom: 'userinfo' }),
      now: () => Date.now() + clock.offsetMs,
    });
  });

  afterAll(async () => {
    await api.stop();
    provider.stop();
  });

  async function signIn(name: string): Promise<{ browser: Browser; page: Page }> {
    const browser = makeBrowser({ 'platte.test': api.url });
    const login = await asked(browser, '/auth/login');
    const consent = await browser.submit(login, { login: name, password: 'any' });
    return { browser, page: await browser.submit(consent, {}) };
  }

  it('a person has the role that only userinfo tells, and loses it when it does not any more', async () => {
    told = 'userinfo';
    const { browser } = await signIn('ada');
    expect(json(await asked(browser, '/api/v1/me'))).toMatchObject({ name: 'ada@example.com', role: 'admin' });
    told = 'id_token';
    clock.offsetMs += checkEveryMs;
    expect((await asked(browser, '/api/v1/me')).status).toBe(401);
  });

  it('a person whom only the id token gives a role has none', async () => {
    told = 'id_token';
    const { page } = await signIn('ada');
    expect(page.status).toBe(403);
    expect(page.text).toContain('Your claim groups is empty');
  });

  it('a person whom nothing gives a role has none', async () => {
    told = 'userinfo';
    const { browser, page } = await signIn('nobody');
    expect(page.status).toBe(403);
    expect(page.text).toContain('Your claim groups is empty');
    expect((await asked(browser, '/api/v1/me')).status).toBe(401);
  });
});

describe('with a provider that lies', () => {
  let api: RunningApi;
  let server: Server;
  let issuer: string;
  let key: CryptoKey;
  let otherKey: CryptoKey;
  /** What its token endpoint answers as id token. */
  let forge: (nonce: string) => Promise<string> | string;
  let nonce = '';

  beforeAll(async () => {
    const [good, bad] = [await generateKeyPair('RS256'), await generateKeyPair('RS256')];
    key = good.privateKey;
    otherKey = bad.privateKey;
    const jwk = { ...(await exportJWK(good.publicKey)), kid: 'k', alg: 'RS256', use: 'sig' };
    const listening = await listen();
    ({ server, url: issuer } = listening);
    const pages: Record<string, () => unknown> = {
      '/.well-known/openid-configuration': () => ({
        issuer,
        authorization_endpoint: `${issuer}/auth`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        id_token_signing_alg_values_supported: ['RS256', 'none', 'HS256'],
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
      }),
      '/jwks': () => ({ keys: [jwk] }),
      '/token': async () => ({ access_token: 'a', token_type: 'bearer', id_token: await forge(nonce) }),
    };
    const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const page = await pages[request.url?.split('?')[0] ?? '']?.();
      response.writeHead(page === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(page));
    };
    server.on('request', (request, response) => void answer(request, response));
    api = await startApi({
      ...stores(),
      oidc: configOf(issuer, { rules: { ...configOf(issuer).rules, applicationsClaim: 'apps' } }),
    });
  });

  afterAll(async () => {
    await api.stop();
    server.close();
    server.closeAllConnections();
  });

  const claims = { sub: 'ada', groups: ['root'], apps: [ids.flatcar] };
  const token = (
    changes: {
      aud?: string;
      iss?: string;
      exp?: string | number;
      nonce?: string;
      by?: CryptoKey;
      claims?: object;
    } = {},
  ) =>
    new SignJWT({ ...claims, nonce: changes.nonce ?? nonce, ...changes.claims })
      .setProtectedHeader({ alg: 'RS256', kid: 'k' })
      .setIssuer(changes.iss ?? issuer)
      .setAudience(changes.aud ?? 'platte')
      .setIssuedAt()
      .setExpirationTime(changes.exp ?? '5m')
      .sign(changes.by ?? key);

  async function comeBack(): Promise<{ status: number; browser: Browser }> {
    const browser = makeBrowser({ 'platte.test': api.url });
    const login = await fetch(`${api.url}/auth/login`, { redirect: 'manual' });
    const [pair = ''] = (login.headers.getSetCookie()[0] ?? '').split(';');
    browser.setCookie(platte, '__Host-platte-sign-in', pair.slice(pair.indexOf('=') + 1));
    const asked = new URL(login.headers.get('location') ?? '').searchParams;
    nonce = asked.get('nonce') ?? '';
    const page = await browser.go(
      `${platte}/auth/callback?code=c&state=${asked.get('state')}&iss=${encodeURIComponent(issuer)}`,
    );
    return { status: page.url.pathname === '/' ? 303 : page.status, browser };
  }

  it('takes a token that is as it must be, with the applications that it names', async () => {
    forge = () => token();
    const { status, browser } = await comeBack();
    expect(status).toBe(303);
    expect(json(await browser.go(`${platte}/api/v1/me`))).toMatchObject({ role: 'admin', applications: [ids.flatcar] });
  });

  it.each<[string, () => Promise<string> | string]>([
    ['has expired', () => token({ exp: Math.floor(Date.now() / 1000) - 60 })],
    ['is for somebody else', () => token({ aud: 'another client' })],
    ['is of another issuer', () => token({ iss: 'https://evil.example' })],
    ['was signed by another key', () => token({ by: otherKey })],
    [
      'has no signature',
      () =>
        new UnsecuredJWT({ ...claims, nonce })
          .setIssuer(issuer)
          .setAudience('platte')
          .setIssuedAt()
          .setExpirationTime('5m')
          .encode(),
    ],
    ['belongs to another sign-in', () => token({ nonce: 'of yesterday' })],
    ['is none', () => 'nonsense'],
  ])('D2: refuses a token that %s', async (_, make) => {
    forge = make;
    const { status, browser } = await comeBack();
    expect(status).toBe(401);
    expect(browser.cookie(platte, '__Host-platte')).toBeUndefined();
  });

  it('gives nobody a role whose claim limits them to nothing', async () => {
    forge = () => token({ claims: { apps: [] } });
    expect((await comeBack()).status).toBe(403);
  });
});
