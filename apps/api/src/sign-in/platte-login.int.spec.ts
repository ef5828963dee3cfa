// `platte login` as a process of its own, beside a person's browser, against a real api and a real identity provider.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { makeBrowser } from '../testing/browser.js';
import { configOf, platte, startProvider, type RunningProvider } from '../testing/identity-provider.js';
import { startApi, type RunningApi } from '../testing/running-api.js';

const people = new Map([['bob', ['ops']]]);
const commandLine = join(import.meta.dirname, '../../../cli/dist/platte.mjs');
const folder = mkdtempSync(join(tmpdir(), 'platte-login-'));
const contexts = join(folder, 'platte', 'config.yaml');
let api: RunningApi;
let provider: RunningProvider;

beforeAll(async () => {
  provider = await startProvider(people);
  api = await startApi({
    postgresUrl: inject('postgresUrl'),
    natsUrl: inject('natsUrl'),
    clickhouseUrl: inject('clickhouseUrl'),
    oidc: configOf(provider.url),
  });
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await api.stop();
  provider.stop();
});

function start(...args: string[]) {
  const env = { PATH: process.env['PATH'], HOME: folder, XDG_CONFIG_HOME: folder };
  const child = spawn(process.execPath, [commandLine, ...args], { cwd: folder, env });
  const said = { out: '', talk: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said.talk += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => ({ code: Number(code), ...said }));
  return { child, said, ended };
}

/** Resolves with the address that it prints. */
async function addressOf({ child, said }: ReturnType<typeof start>): Promise<string> {
  for (;;) {
    const [, address] = /^ {2}(http\S+)$/m.exec(said.talk) ?? [];
    if (address !== undefined) return address;
    await once(child.stderr, 'data');
  }
}

it('signs in by the browser, acts as the person, and signs out', async () => {
  const login = start('login', '--no-browser', '--server', api.url);
  const address = await addressOf(login);
  const browser = makeBrowser({ 'platte.test': api.url });
  const form = await browser.go(address.replace(api.url, platte));
  const consent = await browser.submit(form, { login: 'bob', password: 'any' });
  const question = await browser.submit(consent, {});
  const [, checkCode = 'none'] = /the code\s+<b>([\w-]+)</.exec(question.text) ?? [];
  expect(login.said.talk).toContain(`it shows the code ${checkCode}:`);
  const last = await browser.submit(question, {});
  expect(last.text).toContain('go back to the terminal');
  const { code, out, talk } = await login.ended;
  expect(talk).toContain('as bob@example.com, platte on ');
  expect(talk).toContain('role operator, until 20');
  expect({ code, out }).toEqual({ code: 0, out: '' });
  expect(statSync(contexts).mode & 0o777).toBe(0o600);
  const [token = ''] = /plt_[\w-]+/.exec(readFileSync(contexts, 'utf8')) ?? [];
  expect(talk + address).not.toContain(token.slice(4, 30));

  expect((await start('whoami').ended).out).toMatch(/Role +operator/);
  expect((await start('tokens', 'list').ended).code).toBe(3);

  expect((await start('logout').ended).talk).toContain('Signed out');
  expect(readFileSync(contexts, 'utf8')).not.toContain('plt_');
  await expect(api.clientOf(token).getMe()).rejects.toThrow('unknown, revoked or expired');
  const after = await start('whoami').ended;
  expect(after.code).toBe(3);
  expect(after.talk).toMatch(/to do: sign in: `platte login --context 127\.0\.0\.1:\d+`/);
});

it('takes no answer that it did not ask for', async () => {
  const login = start('login', '--no-browser', '--server', api.url);
  const port = new URL(await addressOf(login)).searchParams.get('port');
  const forged = await fetch(`http://127.0.0.1:${port}/callback?code=forged&state=guessed`);
  expect(forged.status).toBe(404);
  login.child.kill('SIGINT');
  expect((await login.ended).out).toBe('');
});

it('signs in by a token from stdin, and never keeps one that does not', async () => {
  const good = start('login', '--token', '--server', api.url, '--context', 'ci');
  good.child.stdin.end(`${api.tokens.viewer}\n`);
  const { code, talk } = await good.ended;
  expect({ code, talk }).toMatchObject({ code: 0, talk: expect.stringContaining('role viewer') as string });
  const before = readFileSync(contexts, 'utf8');
  const bad = start('login', '--token', '--server', api.url);
  bad.child.stdin.end('plt_000000000000_00000000000000000000000000000000\n');
  expect((await bad.ended).code).toBe(3);
  expect(readFileSync(contexts, 'utf8')).toBe(before);
  expect((await start('logout').ended).talk).toContain('`platte tokens revoke` ends it everywhere');
  expect((await api.clientOf(api.tokens.viewer).getMe()).role).toBe('viewer');
});
