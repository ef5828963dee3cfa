// The process of the embedded engine, asked by the user of the programs, whom the SQL port refuses nothing: what it cannot
// read nobody reads through it. Where the system allows no confinement these tests say so and are skipped.
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { failure, useFront } from './clickhouse-front.fixture.js';

process.env['PLATTE_SECRET_OF_THIS_TEST'] = 'in-the-environment';
const front = useFront();

function needsConfinement({ skip }: TestContext): void {
  const { kind = 'none', text = '' } = front.server.confinement ?? {};
  if (kind !== 'namespace') skip(`this system allows none: ${text}`);
}

const read = (path: string): Promise<unknown> =>
  failure(front.rows('select file({path: String}) as text', { parameters: { path } }));

describe("the engine's process", () => {
  it('does not see the files of the system and of other processes', async (context) => {
    needsConfinement(context);
    for (const path of ['/etc/hostname', '/etc/passwd', '/proc/1/environ', '/proc/1/root/etc/passwd']) {
      expect(await read(path)).toMatchObject({ type: 'FILE_DOESNT_EXIST' });
    }
  });

  it('does not read what is beside its data', async (context) => {
    needsConfinement(context);
    const beside = join(front.folder, 'secret');
    await writeFile(beside, 'secret', { mode: 0o600 });
    for (const path of [beside, join(front.folder, 'password'), '../password', '../reader-password']) {
      expect(await read(path)).toMatchObject({ type: expect.stringMatching(/FILE|OPEN/) });
    }
  });

  it('finds no secret in its configuration and its environment', async () => {
    const passwords = [front.server.password, front.server.reader.password];
    const config = await readFile(join(front.folder, 'front.json'), 'utf8');
    const [environment] = await front.rows<{ text: string }>(`select file('/proc/self/environ') as text`);
    for (const secret of [...passwords, 'in-the-environment']) {
      expect(config).not.toContain(secret);
      expect(environment?.text).not.toContain(secret);
    }
    expect(environment?.text).toContain('TZ=UTC');
  });

  it('is not root, and has no rights of root', async (context) => {
    needsConfinement(context);
    const [status] = await front.rows<{ text: string }>(`select file('/proc/self/status') as text`);
    expect(status?.text).toMatch(/^CapEff:\t0+$/m);
    const { uid } = await stat(join(front.folder, 'engine'));
    expect(uid).not.toBe(0);
  });

  it('writes nothing beside its data', async (context) => {
    needsConfinement(context);
    const beside = join(front.folder, 'written');
    await failure(
      front.client.command({ query: `insert into function file('${beside}', 'CSV', 'a String') select 'x'` }),
    );
    await expect(stat(beside)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
