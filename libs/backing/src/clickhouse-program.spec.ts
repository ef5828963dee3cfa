import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findClickhouse } from './clickhouse-program.js';
import { digestOf } from './front/users.js';
import { renderServerConfig, renderUsersConfig } from './clickhouse-server-config.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platte-clickhouse-'));
  await mkdir(join(folder, 'bin'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function installed(name: string, version: string): Promise<string> {
  const file = join(folder, 'bin', name);
  await writeFile(file, `#!/bin/sh\necho "ClickHouse server version ${version} (official build)."\n`);
  await chmod(file, 0o755);
  return file;
}

const find = (): ReturnType<typeof findClickhouse> =>
  findClickhouse(join(folder, 'cache'), { PATH: join(folder, 'bin') });

it('prefers a real server that is on PATH', async () => {
  const command = await installed('clickhouse', '26.3.1.7');
  expect(await find()).toMatchObject({ kind: 'server', command, args: ['server'], version: '26.3.1' });
});

it('takes a server that has a name of its own', async () => {
  const command = await installed('clickhouse-server', '25.8.2.1');
  expect(await find()).toMatchObject({ kind: 'server', command, args: [] });
});

it('passes over one that is too old', async () => {
  await installed('clickhouse', '18.16.1');
  expect(await find()).toBeUndefined();
});

it('gives a real server no password in clear, and people the limits of the embedded one', () => {
  const config = renderUsersConfig([
    { name: 'platte', passwordDigest: digestOf('secret'), access: 'full' },
    { name: 'reader', passwordDigest: digestOf('word'), access: 'read-only' },
  ]);
  expect(config).not.toMatch(/secret|word</);
  expect(config).toContain('<max_execution_time><min>1</min><max>60</max></max_execution_time>');
  expect(config).toContain('<max_untracked_memory><readonly/></max_untracked_memory>');
  expect(config.match(/<grants>.*?<\/grants>/g)).toEqual(['<grants><query>GRANT SELECT, SHOW ON *.*</query></grants>']);
});

it('writes paths that are no XML', () => {
  const config = renderServerConfig({ dataDir: '/a <b> & c', host: '127.0.0.1', httpPort: 1, tcpPort: 2 });
  expect(config).toContain('<path>/a &#60;b&#62; &#38; c/server/</path>');
});
