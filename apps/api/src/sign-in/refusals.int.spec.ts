// What is refused below /auth/: the same words, to a program as a problem document and to a person as a page.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { configOf } from '../testing/identity-provider.js';
import { startApi, type RunningApi } from '../testing/running-api.js';
import { wantsPage } from '../http/page.js';

let api: RunningApi;
let hurried: RunningApi;

beforeAll(async () => {
  const parts = {
    postgresUrl: inject('postgresUrl'),
    natsUrl: inject('natsUrl'),
    clickhouseUrl: inject('clickhouseUrl'),
    // Nothing listens there, and nothing of this needs a provider.
    oidc: configOf('http://127.0.0.1:1'),
  };
  api = await startApi(parts);
  hurried = await startApi({ ...parts, requestsPerMinute: 1 });
});

afterAll(async () => {
  await api.stop();
  await hurried.stop();
});

interface Refused {
  path: string;
  status: number;
  name: string;
  remedy: string;
  method?: string;
  cookie?: string;
  at?: () => RunningApi;
}

const refusals: Refused[] = [
  { path: 'login', status: 503, name: 'sign-in-unavailable', remedy: 'Try again in a minute' },
  { path: 'callback?code=x&state=y', status: 400, name: 'sign-in-over', remedy: 'Begin again at /auth/login.' },
  {
    path: 'logout',
    method: 'POST',
    cookie: `__Host-platte=${'x'.repeat(43)}`,
    status: 403,
    name: 'forbidden',
    remedy: 'Send the csrfToken of GET /api/v1/me as X-CSRF-Token.',
  },
  { path: 'command-line?port=80', status: 422, name: 'invalid-request', remedy: 'Copy all of the address' },
  { path: 'command-line', method: 'POST', status: 422, name: 'invalid-request', remedy: 'Copy all of the address' },
  { path: 'nowhere', status: 404, name: 'not-found', remedy: 'Check the id' },
  { path: 'logout', method: 'POST', at: () => hurried, status: 429, name: 'too-many-requests', remedy: 'Wait' },
];

function ask({ path, method = 'GET', cookie = '', at = () => api }: Refused, accept: string): Promise<Response> {
  return fetch(`${at().url}/auth/${path}`, { method, headers: { accept, cookie }, redirect: 'manual' });
}

describe('a refusal of signing in', () => {
  beforeAll(async () => {
    await fetch(`${hurried.url}/auth/logout`, { method: 'POST' });
  });

  it.each(refusals)('of $path is a problem document to a program: $status $name', async (refused) => {
    for (const accept of ['application/json', 'application/problem+json', '*/*']) {
      const response = await ask(refused, accept);
      const problem = (await response.json()) as Record<string, unknown>;
      expect(response.status).toBe(refused.status);
      expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
      expect(problem).toMatchObject({
        type: `urn:platte:problem:${refused.name}`,
        status: refused.status,
        requestId: response.headers.get('x-request-id'),
      });
      expect(problem['remedy']).toContain(refused.remedy);
    }
  });

  it.each(refusals)('of $path is a page to a browser: $status $name', async (refused) => {
    const response = await ask(refused, 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8');
    const page = await response.text();
    expect(response.status).toBe(refused.status);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page).toContain(refused.remedy);
    expect(page).toContain(`urn:platte:problem:${refused.name}`);
    expect(page).toContain(`request ${response.headers.get('x-request-id')}`);
  });

  it('shows what was sent as text, never as a part of the page', async () => {
    const page = await ask({ ...refusals[0]!, path: 'nowhere"><b>' }, 'text/html');
    expect(await page.text()).not.toContain('<b>');
  });
});

describe('a page', () => {
  it.each([
    ['text/html', true],
    ['TEXT/HTML;q=0.9, */*', true],
    ['text/html, application/json', true],
    ['application/json, text/html', false],
    ['application/problem+json', false],
    ['*/*', false],
    [undefined, false],
  ])('for who accepts %s: %s', (accept, isWanted) => {
    expect(wantsPage(accept)).toBe(isWanted);
  });
});
