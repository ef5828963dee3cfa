import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepSecret } from './secrets.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platte-secrets-'));
  await mkdir(join(folder, 'data'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a secret', () => {
  it('is the same at every start, and only its owner reads it', async () => {
    const place = { dataDir: join(folder, 'data'), secretsDir: join(folder, 'secrets') };
    const first = await keepSecret(place, 'password');
    expect(await keepSecret(place, 'password')).toBe(first);
    expect((await stat(join(folder, 'secrets', 'password'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'secrets'))).mode & 0o777).toBe(0o700);
    expect(await readdir(place.dataDir)).toEqual([]);
  });

  it('of an earlier version leaves the data and stays what it was', async () => {
    const place = { dataDir: join(folder, 'data'), secretsDir: join(folder, 'secrets') };
    await writeFile(join(place.dataDir, 'password'), 'of-before\n', { mode: 0o600 });
    expect(await keepSecret(place, 'password')).toBe('of-before');
    expect(await readdir(place.dataDir)).toEqual([]);
  });
});
