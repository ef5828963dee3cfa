import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chooseTarget, type TargetSources } from './target.js';

const run = {
  urls: { api: 'http://run', sql: 'http://sql' },
  token: 'run-token',
  sql: { user: 'reader', password: 'p', database: 'platte' },
};
const contexts = {
  current: 'prod',
  contexts: [
    { name: 'prod', server: 'https://prod', token: 'prod-token' },
    { name: 'test', server: 'https://test' },
  ],
};
const nothing = { current: undefined, contexts: [] };

const choose = (given: Partial<TargetSources>) =>
  chooseTarget({ flags: {}, env: {}, contexts: nothing, readRun: () => undefined, ...given });

describe('the server', () => {
  it.each<[string, Partial<TargetSources>, string, string | undefined]>([
    [
      'the flag above all',
      { flags: { server: 'https://flag' }, env: { PLATTE_SERVER: 'https://env' }, contexts },
      'https://flag',
      undefined,
    ],
    [
      'a named context above the environment',
      { flags: { context: 'test' }, env: { PLATTE_SERVER: 'https://env' }, contexts },
      'https://test',
      undefined,
    ],
    [
      'a named folder above the environment',
      { flags: { data: 'x' }, env: { PLATTE_SERVER: 'https://env' }, readRun: () => run },
      'http://run',
      'run-token',
    ],
    [
      'the environment above the current context',
      { env: { PLATTE_SERVER: 'https://env', PLATTE_TOKEN: 't' }, contexts },
      'https://env',
      't',
    ],
    [
      'the context that the environment names',
      { env: { PLATTE_CONTEXT: 'test' }, contexts },
      'https://test',
      undefined,
    ],
    ['the current context above what runs here', { contexts, readRun: () => run }, 'https://prod', 'prod-token'],
    ['what runs here when nothing else says where', { readRun: () => run }, 'http://run', 'run-token'],
    [
      'with the token of the flag above all',
      { flags: { token: 'f' }, env: { PLATTE_TOKEN: 'e' }, contexts },
      'https://prod',
      'f',
    ],
  ])('is %s', (_, given, server, token) => {
    expect(choose(given)).toMatchObject({ server, ...(token === undefined ? {} : { token }) });
    expect(choose(given).token).toBe(token);
  });

  it('is asked with the token of a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'platte-token-'));
    const file = join(folder, 'token');
    writeFileSync(file, 'plt_of_a_file\n');
    const env = { PLATTE_SERVER: 'https://env', PLATTE_TOKEN_FILE: file };
    expect(choose({ env })).toMatchObject({ token: 'plt_of_a_file', tokenFrom: 'PLATTE_TOKEN_FILE' });
    expect(() => choose({ env: { ...env, PLATTE_TOKEN: 't' } })).toThrow('are both set');
    rmSync(folder, { recursive: true });
    expect(() => choose({ env })).toThrow('PLATTE_TOKEN_FILE names a file that cannot be read: ENOENT');
  });

  it('never gets the token of another one', () => {
    expect(choose({ flags: { server: 'https://elsewhere' }, contexts, readRun: () => run }).token).toBeUndefined();
    expect(choose({ env: { PLATTE_SERVER: 'https://elsewhere' }, contexts, readRun: () => run }).token).toBeUndefined();
  });

  it('is asked for in words that say what to do', () => {
    expect(() => choose({})).toThrow(/platte up.*--server.*PLATTE_SERVER.*platte login/s);
    expect(() => choose({ flags: { context: 'nix' }, contexts })).toThrow('There are: prod, test');
    expect(() => choose({ flags: { data: 'x' } })).toThrow('platte up --data x');
    expect(() => choose({ flags: { server: 'prod.example.com' } })).toThrow('it begins with https://');
  });

  it('is refused with a password in its URL, which is not shown', () => {
    const withPassword = (server: string) => () => choose({ flags: { server } });
    expect(withPassword('https://bob:s3cret@prod')).toThrow(/^The URL of the server \(--server\) holds a user/);
    expect(withPassword('bob:s3cret@prod')).toThrow(/^[^3]*$/s);
  });
});
