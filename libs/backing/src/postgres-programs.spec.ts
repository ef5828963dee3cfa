import { mkdir, mkdtemp, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { completePackage, resolvePostgres } from './postgres-programs.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platte-postgres-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('does what an install script would have done, once', async () => {
  await mkdir(join(folder, 'native', 'bin'), { recursive: true });
  await mkdir(join(folder, 'native', 'lib'));
  for (const program of ['postgres', 'initdb'])
    await writeFile(join(folder, 'native', 'bin', program), '', { mode: 0o644 });
  await writeFile(join(folder, 'native', 'lib', 'libpq.so.5.18'), '');
  const links = [{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }];
  await writeFile(join(folder, 'native', 'pg-symlinks.json'), JSON.stringify(links));
  await completePackage(folder);
  await completePackage(folder);
  expect(await readlink(join(folder, 'native', 'lib', 'libpq.so.5'))).toBe('libpq.so.5.18');
  expect((await stat(join(folder, 'native', 'bin', 'initdb'))).mode & 0o111).toBe(0o111);
});

it('says what is here when the version that made the data is not', async () => {
  await expect(resolvePostgres({ major: 9 })).rejects.toThrow(
    /PostgreSQL 9, which made this data folder, is not here \(found: .+\)/,
  );
});
