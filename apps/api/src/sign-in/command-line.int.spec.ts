// The command line's way to a token, as the person in front of it and as whoever would like to have theirs.
import { createHash, randomBytes } from 'node:crypto';
import { toCheckCode } from '@platte/api-contract';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { makeBrowser, type Browser, type Page } from '../testing/browser.js';
import { configOf, platte, startProvider, type RunningProvider } from '../testing/identity-provider.js';
import { startApi, type RunningApi } from '../testing/running-api.js';

const people = new Map<string, string[]>();
const clock = { offsetMs: 0 };
let api: RunningApi;
let provider: RunningProvider;

beforeAll(async () => {
  provider = await startProvider(people);
  api = await startApi({
    postgresUrl: inject('postgresUrl'),
    natsUrl: inject('natsUrl'),
    clickhouseUrl: inject('clickhouseUrl'),
    oidc: configOf(provider.url),
    now: () => Date.now() + clock.offsetMs,
  });
});

afterAll(async () => {
  await api.stop();
  provider.stop();
});

const loopback = '127.0.0.1:7171';
const toChallenge = (verifier: string) => createHash('sha256').update(verifier).digest('base64url');

/** What a command line begins with, and the address that it opens. */
function begin(changes: Record<string, string> = {}) {
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(16).toString('base64url');
  const asked = { port: '7171', state, challenge: toChallenge(verifier), host: 'laptop', ...changes };
  return { verifier, state, url: `${platte}/auth/command-line?${new URLSearchParams(asked).toString()}` };
}

/** A browser whose loopback is nobody: where it was sent is what it shows. */
const makePerson = () => makeBrowser({ 'platte.test': api.url, [loopback]: `${api.url}/nobody-listens` });

/** Opens the address and signs in on the way. @returns the page that asks */
async function signIn(browser: Browser, url: string, name: string): Promise<Page> {
  const login = await browser.go(url);
  const consent = await browser.submit(login, { login: name, password: 'any' });
  return browser.submit(consent, {});
}

/** @returns the code that comes to the command line's port */
async function agree(browser: Browser, question: Page): Promise<URLSearchParams> {
  const sent = await browser.submit(question, {});
  expect(sent.url.host).toBe(loopback);
  expect(sent.url.pathname).toBe('/callback');
  return sent.url.searchParams;
}

function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${api.url}/auth/command-line/${path}`, {
    method: 'POST',
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

async function signedIn(name: string, groups: string[]): Promise<{ token: string; id: string; expires: string }> {
  people.set(name, groups);
  const { verifier, url } = begin();
  const browser = makePerson();
  const answer = await agree(browser, await signIn(browser, url, name));
  const response = await post('token', { code: answer.get('code'), verifier });
  expect(response.status).toBe(200);
  return (await response.json()) as { token: string; id: string; expires: string };
}

describe('the command line signs in', () => {
  it('as the person who said yes in the browser, with their role, for twelve hours', async () => {
    const { token, expires } = await signedIn('bob', ['ops']);
    const me = await api.clientOf(token).getMe();
    expect(me).toMatchObject({ name: 'bob@example.com, platte on laptop', kind: 'token', role: 'operator', expires });
    const hours = (Date.parse(expires) - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(11.9);
    expect(hours).toBeLessThanOrEqual(12);
    await expect(api.clientOf(token).listTokens()).rejects.toThrow('needs the role admin');
    clock.offsetMs = 12 * 3_600_000;
    await expect(api.clientOf(token).getMe()).rejects.toThrow('unknown, revoked or expired');
    clock.offsetMs = 0;
  });

  it('after asking, with the code that the terminal shows, the name of the machine and of the person', async () => {
    people.set('ada', ['root']);
    const { url } = begin();
    const question = await signIn(makePerson(), url, 'ada');
    expect(question.text).toContain('<b>laptop</b>');
    expect(question.text).toContain('ada@example.com</b> (admin)');
    const checkCode = toCheckCode(new URL(url).searchParams.get('challenge') ?? '');
    expect(checkCode).toMatch(/^[A-Z0-9]{4}-[A-Z0-9]{4}$/);
    expect(question.text).toContain(`<b>${checkCode}</b>`);
    expect(question.headers.get('content-security-policy')).toContain("form-action 'self' http://127.0.0.1:7171");
  });

  it('and the audit log names the person', async () => {
    const { id } = await signedIn('ada', ['root']);
    const { items } = await api.admin.listAudit({ query: { subject: id } });
    expect(items).toMatchObject([{ kind: 'TokenCreated', actor: 'ada@example.com' }]);
  });

  it('and out: its token is over, and nobody else’s', async () => {
    const { token, id } = await signedIn('bob', ['ops']);
    const other = await signedIn('bob', ['ops']);
    const out = await post('revoke', undefined, { authorization: `Bearer ${token}` });
    expect(await out.json()).toEqual({ revoked: id });
    await expect(api.clientOf(token).getMe()).rejects.toThrow('unknown, revoked or expired');
    expect((await api.clientOf(other.token).getMe()).role).toBe('operator');
    expect((await post('revoke', undefined)).status).toBe(401);
  });
});

describe('a code', () => {
  async function anyCode(): Promise<{ code: string; verifier: string }> {
    people.set('ada', ['root']);
    const { verifier, url, state } = begin();
    const browser = makePerson();
    const answer = await agree(browser, await signIn(browser, url, 'ada'));
    expect(answer.get('state')).toBe(state);
    return { code: answer.get('code') ?? '', verifier };
  }

  it('counts once', async () => {
    const { code, verifier } = await anyCode();
    expect((await post('token', { code, verifier })).status).toBe(200);
    expect((await post('token', { code, verifier })).status).toBe(401);
  });

  it('counts only for whoever began, and is used up by anybody who tries', async () => {
    const { code, verifier } = await anyCode();
    const stranger = await post('token', { code, verifier: randomBytes(32).toString('base64url') });
    expect(stranger.status).toBe(401);
    expect(await stranger.json()).toMatchObject({ type: expect.stringContaining('unauthenticated') as string });
    expect((await post('token', { code, verifier })).status).toBe(401);
  });

  it('counts for a minute', async () => {
    const { code, verifier } = await anyCode();
    clock.offsetMs = 60_000;
    expect((await post('token', { code, verifier })).status).toBe(401);
    clock.offsetMs = 0;
  });

  it('is not in the database, and neither is the token', async () => {
    const { code } = await anyCode();
    const { rows } = await api.store.pool.query('select c::text as row from command_line_code c');
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toContain(code);
  });
});

describe('whoever would like a token of somebody else', () => {
  it('gets none by a form on their own page: it does not know the session’s token', async () => {
    people.set('ada', ['root']);
    const browser = makePerson();
    const { url } = begin();
    const question = await signIn(browser, url, 'ada');
    const forged = {
      ...question,
      text: question.text.replace(/name="csrf" value="[^"]*"/, 'name="csrf" value="guessed"'),
    };
    const refused = await browser.submit(forged, {});
    expect(refused.status).toBe(403);
    expect(refused.text).toContain('Type <code>platte login</code> again');
  });

  it.each([
    [{ port: '80' }],
    [{ port: '7171@evil.example' }],
    [{ port: '70000' }],
    [{ port: '0x1c03' }],
    [{ port: ' 7171' }],
    [{ port: '7.171e3' }],
    [{ challenge: 'short' }],
    [{ state: '' }],
    [{ host: '<b>laptop' }],
  ])('cannot send the browser elsewhere or write on the page: %o', async (changes) => {
    const page = await makePerson().go(begin(changes).url);
    expect(page.status).toBe(422);
    expect(page.text).toContain('No command line asks');
  });

  it('gets no more than they have themselves, within their applications', async () => {
    const { token } = await signedIn('vic', ['staff']);
    await expect(api.clientOf(token).createApplication({ body: { name: 'x' } })).rejects.toThrow('needs the role');
  });

  it('is slowed down as everybody is', async () => {
    expect((await post('token', { code: 'x', verifier: 'y' })).headers.get('ratelimit-policy')).not.toBeNull();
  });
});
