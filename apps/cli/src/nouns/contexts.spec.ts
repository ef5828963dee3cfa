import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contextsPath, readContexts, warnOfOpenFile, writeContexts } from './contexts.js';

let folder = '';
const path = (): string => join(folder, 'platte', 'config.yaml');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'platte-contexts-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('contexts', () => {
  it('are none where there is no file', () => {
    expect(readContexts(path())).toEqual({ current: undefined, contexts: [] });
  });

  it('are kept in a file that nobody else can read', () => {
    const contexts = [{ name: 'prod', server: 'https://prod', token: 't' }];
    writeContexts(path(), { current: 'prod', contexts });
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(readContexts(path())).toEqual({ current: 'prod', contexts });
    expect(readFileSync(path(), 'utf8')).toContain('current-context: prod');
    expect(warnOfOpenFile(path())).toBeUndefined();
  });

  it('warn when others can read the tokens', () => {
    writeContexts(path(), { current: undefined, contexts: [] });
    chmodSync(path(), 0o644);
    expect(warnOfOpenFile(path())).toContain('chmod 600');
  });

  it('refuse a file that is something else', () => {
    writeFileSync(join(folder, 'x.yaml'), 'contexts: 3');
    expect(() => readContexts(join(folder, 'x.yaml'))).toThrow('is not a file of contexts');
  });

  it.each([
    [{ PLATTE_CONFIG: '/x/y.yaml' }, '/x/y.yaml'],
    [{ XDG_CONFIG_HOME: '/x' }, '/x/platte/config.yaml'],
  ])('are where %o says', (env, expected) => {
    expect(contextsPath(env)).toBe(expected);
  });
});
