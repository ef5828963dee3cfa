// `./platte up` as its user meets it: started twice, killed, on a taken port, opened to the network.
import { spawnSync } from 'node:child_process';
import { lstatSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeSmallDisk, type SmallDisk, whyNoSmallDisk } from '../clients/small-disk.js';
import { recording, withMachine } from './machines.js';
import { eventually, type Platform, type Run, startPlatform } from './platform.js';
import { repositoryRoot } from './repository.js';

const folders: string[] = [];
const platforms: Platform[] = [];

afterEach(async () => {
  for (const platform of platforms.splice(0)) await platform.stop();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function readLogs(dataDir: string): Promise<string> {
  const files = (await readdir(dataDir, { recursive: true })).filter((name) => name.endsWith('.log'));
  return (await Promise.all(files.map((name) => readFile(join(dataDir, name), 'utf8')))).join('');
}

describe('a running platform', () => {
  let platform: Platform;

  beforeAll(async () => {
    platform = await startPlatform();
  });

  afterAll(() => platform.stop());

  it('refuses a second start on the same data, and says who has it', async () => {
    const second = upAndOut(['--data', platform.dataDir]);
    expect(second.status).toBe(1);
    expect(second.stderr).toMatch(new RegExp(`in use by process ${(await platform.run()).pid} since`));
  });

  it.each(['policy', 'analytics', 'ingress', 'api'])('starts %s again when it is killed', async (name) => {
    const before = (await platform.run()).programs[name]!.pid;
    process.kill(before, 'SIGKILL');
    await eventually(
      () => platform.run(),
      ({ programs }) => programs[name]!.pid !== before,
    );
    await answersAndRemembers(`${name}-${before}`);
  });

  it.each(['nats', 'postgres', 'clickhouse'])('starts %s again on its data when it is killed', async (name) => {
    const before = (await platform.run()).servers[name]!.pid;
    process.kill(before, 'SIGKILL');
    await eventually(
      () => platform.run(),
      ({ servers }) => servers[name]!.pid !== before,
    );
    await answersAndRemembers(`${name}-${before}`);
  });

  it('starts what hangs again: programs and servers that are there and do not answer', async () => {
    const pidsOf = ({ programs, servers }: Run): [string, number][] =>
      Object.entries({ ...programs, ...servers }).map(([name, { pid }]) => [name, pid]);
    const before = new Map(pidsOf(await platform.run()));
    expect(before.size).toBe(7);
    for (const pid of before.values()) process.kill(pid, 'SIGSTOP');
    await eventually(
      () => platform.run(),
      (run) => pidsOf(run).every(([name, pid]) => before.get(name) !== pid),
    );
    expect(platform.output()).toMatch(/ingress does not answer at \/livez/);
    expect(platform.output()).toMatch(/clickhouse does not answer/);
    await answersAndRemembers('after-a-hang');
  });

  it('writes nothing that anybody but its owner may read', async () => {
    const entries = await readdir(platform.dataDir, { recursive: true, withFileTypes: true });
    const open = entries
      .filter((entry) => entry.isFile() || entry.isDirectory())
      .map(({ parentPath, name }) => join(parentPath, name))
      // Files of a store come and go.
      .filter((path) => ((lstatSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0)
      .map((path) => relative(platform.dataDir, path));
    // PostgreSQL and the SQL engine do not run as root: their users pass through these folders, and may not list them.
    expect(open.filter((path) => path !== 'postgres' && path !== 'clickhouse')).toEqual([]);
    expect(entries.length).toBeGreaterThan(100);
  });

  it('has told no secret in any log, whatever was sent to it and however its servers went away', async () => {
    const { token, sql, servers } = await platform.run();
    const wrong = `plt_000000000000_${'wrong'.repeat(8)}`;
    const made = await platform.client.createToken({ body: { name: 'seen once', role: 'viewer' } });
    for (const given of [made.token, wrong])
      await platform.request('GET', '/api/v1/me', undefined, { authorization: `Bearer ${given}` });
    await platform.request('POST', '/api/v1/tokens', { name: wrong, role: 'nobody' });
    await platform.request('GET', `/api/v1/applications?cursor=${wrong}`);
    await platform.checkIn(`<request password="${wrong}"><`);
    await platform.client.revokeToken({ params: { id: made.id } });
    const secrets = [token, wrong, made.token, sql.password, ...Object.values(servers).map(({ password }) => password)];
    const logs = await readLogs(platform.dataDir);
    expect(logs.length).toBeGreaterThan(1_000);
    const told = secrets.filter((secret) => secret !== '' && (logs + platform.output()).includes(secret));
    expect(told).toEqual([]);
    expect(new Set(secrets).size).toBeGreaterThan(5);
  });

  async function answersAndRemembers(machine: string): Promise<void> {
    const check = withMachine(recording('update-engine.check.3-2'), machine);
    await eventually(
      () => platform.checkIn(check),
      ({ status }) => status === 200,
    );
    const found = await eventually(
      () => platform.get<{ id: string }>(`/api/v1/instances/${machine}`),
      () => true,
    );
    expect(found.id).toBe(machine);
  }
});

describe('a platform that starts', () => {
  it('had left no orphan when it was killed, and comes back with everything it had answered', async () => {
    const dataDir = await freshFolder();
    const first = await start(dataDir);
    const before = await first.run();
    const machine = 'feedfacefeedfacefeedfacefeedface';
    expect((await first.checkIn(withMachine(recording('update-engine.check.3-2'), machine))).status).toBe(200);
    process.kill(before.pid, 'SIGKILL');
    await eventually(
      () => Promise.resolve(livingPids(before)),
      (living) => living.length === 0,
    );

    const second = await start(dataDir);
    const page = await eventually(
      () => second.get<{ items: { kind: string }[] }>(`/api/v1/instances/${machine}/history`),
      ({ items }) => items.some(({ kind }) => kind === 'grant'),
    );
    expect(page.items.filter(({ kind }) => kind === 'grant')).toHaveLength(1);
    await second.stop();
    const opened = upAndOut(['--data', dataDir, '--listen', '127.0.0.1']);
    expect(opened.status, 'opening it to machines while a channel has an example package').toBe(1);
    expect(opened.stderr).toMatch(/example package/);
    expect(opened.stderr).toMatch(/packages delete --examples/);
  });

  it('comes back without any application: machines are told that theirs is unknown', async () => {
    const dataDir = await freshFolder();
    const first = await start(dataDir);
    for (const { id, revision } of (await first.client.listGroups({})).items)
      await first.client.deleteGroup({ params: { id }, ifMatch: revision });
    for (const { id, revision } of (await first.client.listApplications({})).items)
      await first.client.deleteApplication({ params: { id }, ifMatch: revision });
    await first.stop();
    const second = await start(dataDir);
    expect((await second.checkIn(recording('update-engine.check.3-2'))).text).toContain('error-unknownApplication');
  });

  it('makes another admin token where the one of before was revoked', async () => {
    const dataDir = await freshFolder();
    const first = await start(dataDir);
    const { token } = await first.run();
    const [, id = ''] = token.split('_');
    await expect(first.client.revokeToken({ params: { id } })).rejects.toMatchObject({ problem: { status: 409 } });
    await first.client.revokeToken({ params: { id }, query: { force: 'true' } });
    await first.stop();

    const second = await start(dataDir);
    const run = await second.run();
    expect(run.token).not.toBe(token);
    expect(await second.client.getMe()).toMatchObject({ name: 'admin', role: 'admin' });
    expect(second.output()).toContain('the admin token in run.json was revoked: made another one');
    expect((await stat(join(dataDir, 'secrets.json'))).mode & 0o777).toBe(0o600);
    const { items } = await second.client.listAudit({ query: { actorKind: 'rule', limit: 1 } });
    expect(items).toMatchObject([{ kind: 'TokenCreated', actor: 'platte', subject: run.token.split('_')[1] }]);
    await second.stop();

    const third = await start(dataDir);
    expect((await third.run()).token).toBe(run.token);
    expect(await third.client.getMe()).toMatchObject({ role: 'admin' });
  });

  it('says who has a port that it needs', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', () => resolve()));
    const { port } = holder.address() as AddressInfo;
    const refused = upAndOut(['--data', await freshFolder()], { PLATTE_PORT: String(port) });
    holder.close();
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(new RegExp(`port ${port} \\(for machines\\) is taken`));
    expect(refused.stderr).toContain('PLATTE_PORT=');
  });
});

describe.skipIf(whyNoSmallDisk() !== undefined)('on a small disk', () => {
  let disk: SmallDisk;
  afterEach(() => disk.remove());

  it('too little is one clear line and code 78, and doctor says the same', () => {
    disk = makeSmallDisk(1_200);
    const data = join(disk.folder, 'data');
    const refused = upAndOut(['--data', data]);
    expect([refused.status, refused.stderr]).toEqual([
      78,
      `platte: too little disk for ${data}: 1.2 GiB is free there, and Platte needs 3.0 GiB. Free some, or name another folder with --data.\n`,
    ]);
    const { status, stdout } = spawnSync(process.execPath, [cli, 'doctor', '--data', data], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stdout).toContain(`too little disk for ${data}: 1.2 GiB is free there, and Platte needs 3.0 GiB.`);
  });

  it('the event log and the spool take what fits, and the platform serves', async () => {
    disk = makeSmallDisk(5 * 1_024);
    const platform = await startPlatform({ dataDir: join(disk.folder, 'data') });
    try {
      expect(platform.output()).toMatch(
        /sizes for the disk that is there: the event log may take 1\.5 GiB, the spool 25\d MiB/,
      );
      expect((await platform.checkIn(recording('update-engine.check.3-2'))).status).toBe(200);
      const { programs } = await platform.run();
      const text = await (await fetch(`${programs['analytics']!.urls['internal']}/readyz`)).text();
      expect(text).toMatch(/0 % of 1\.5 GiB used/);
    } finally {
      await platform.stop();
    }
  });
});

const cli = join(repositoryRoot(), 'apps/cli/dist/main.js');

async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'platte-up-'));
  folders.push(folder);
  return folder;
}

async function start(dataDir: string): Promise<Platform> {
  const platform = await startPlatform({ dataDir });
  platforms.push(platform);
  return platform;
}

/** Runs `up` where it is expected to refuse. */
function upAndOut(args: string[], env: Record<string, string> = {}): { status: number | null; stderr: string } {
  return spawnSync(process.execPath, [cli, 'up', ...args], {
    encoding: 'utf8',
    env: { ...process.env, PLATTE_PORT: '0', PLATTE_API_PORT: '0', PLATTE_SQL_PORT: '0', ...env },
  });
}

function livingPids(run: Run): number[] {
  const pids = [...Object.values(run.programs), ...Object.values(run.servers)].map(({ pid }) => pid);
  return pids.filter((pid) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  });
}
