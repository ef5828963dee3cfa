import { parseConfig } from '@platte/service';
import { describe, expect, it } from 'vitest';
import { Config } from '../config.js';
import { refuseListen } from '../listen-rule.js';
import { suspectNames, toOidcConfig } from './oidc-config.js';

const needed = { PLATTE_NATS_URL: 'nats://n', PLATTE_POSTGRES_URL: 'postgres://p', PLATTE_CLICKHOUSE_URL: 'http://c' };
const signIn = {
  PLATTE_OIDC_ISSUER: 'https://login.example.com',
  PLATTE_OIDC_CLIENT_ID: 'platte',
  PLATTE_PUBLIC_URL: 'https://platte.example.com/',
  PLATTE_OIDC_ADMINS: '["root", "CN=SRE, Team,DC=example"]',
  PLATTE_OIDC_OPERATORS: 'CN=Operators,DC=example,DC=com',
};

function read(env: Record<string, string>) {
  const parsed = parseConfig(Config, { ...needed, ...env });
  if (parsed.status === 'bad') throw new Error(parsed.problems.join('\n'));
  return toOidcConfig(parsed.config);
}

describe('the settings of sign-in', () => {
  it('are all there', () => {
    expect(read(signIn)).toMatchObject({
      redirectUri: 'https://platte.example.com/auth/callback',
      rules: {
        claim: 'groups',
        values: {
          admin: ['root', 'CN=SRE, Team,DC=example'],
          operator: ['CN=Operators,DC=example,DC=com'],
          viewer: [],
        },
      },
    });
    expect(read({})).toBeUndefined();
  });

  it.each([
    [{ PLATTE_OIDC_CLIENT_ID: '' }, 'PLATTE_OIDC_CLIENT_ID is missing'],
    [{ PLATTE_PUBLIC_URL: '' }, 'PLATTE_PUBLIC_URL is missing'],
    [{ PLATTE_OIDC_ADMINS: '', PLATTE_OIDC_OPERATORS: '' }, 'nobody could do anything'],
    [{ PLATTE_OIDC_ISSUER: 'http://login.example.com' }, 'PLATTE_OIDC_ISSUER should start with https://'],
    [{ PLATTE_PUBLIC_URL: 'http://platte.example.com' }, 'PLATTE_PUBLIC_URL should start with https://'],
  ])('are refused as %o', (changes, words) => {
    expect(read({ ...signIn, ...changes })).toContain(words);
  });

  it.each(['[', '[1]', '["a", ""]', '[]', '["a"] b', '[["a"]]'])('name no admins as %s', (text) => {
    expect(() => read({ ...signIn, PLATTE_OIDC_ADMINS: text })).toThrow(
      'PLATTE_OIDC_ADMINS should be one name, or a JSON list of names',
    );
  });
});

describe('a name of a role', () => {
  it.each([
    ['root,wheel', 1],
    ['["root,wheel"]', 1],
    ['root', 0],
    ['["root", "wheel, all"]', 0],
    ['CN=Admins,DC=example,DC=com', 0],
  ])('is suspect where it looks like a list apart by commas: %s', (text, count) => {
    const config = read({ ...signIn, PLATTE_OIDC_ADMINS: text });
    if (typeof config !== 'object') throw new Error(config);
    const problems = suspectNames(config);
    expect(problems).toHaveLength(count);
    for (const problem of problems) expect(problem).toContain('PLATTE_OIDC_ADMINS is one name that holds a comma');
  });
});

describe('the address to listen on', () => {
  it.each(['127.0.0.1', '127.8.8.8', '::1', 'localhost'])('may be %s without sign-in', (host) => {
    expect(refuseListen(host, { hasSignIn: false })).toBeUndefined();
  });

  it.each(['0.0.0.0', '::', '10.0.0.1', 'platte.example.com'])('may be %s only with sign-in', (host) => {
    expect(refuseListen(host, { hasSignIn: false })).toContain('PLATTE_OIDC_ISSUER');
    expect(refuseListen(host, { hasSignIn: true })).toBeUndefined();
  });
});
