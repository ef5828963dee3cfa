// `./platte up` as its user meets it: started twice, killed, on a taken port, opened to the network.
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { recording, withMachine } from './machines.js';
import { eventually, type Platform, type Run, startPlatform } from './platform.js';
import { repositoryRoot } from './repository.js';

const folders: string[] = [];
const platforms: Platform[] = [];

afterEach(async () => {
  for (const platform of platforms.splice(0)) await platform.stop();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

describe('a platform on one machine', () => {
  it('refuses a second start on the same data, and says who has it', async () => {
    const dataDir = await freshFolder();
    const { pid } = await (await start(dataDir)).run();
    const second = upAndOut(['--data', dataDir]);
    expect(second.status).toBe(1);
    expect(second.stderr).toMatch(new RegExp(`in use by process ${pid} since`));
  });

  it('leaves no orphan when it is killed, and comes back with everything it had answered', async () => {
    const dataDir = await freshFolder();
    const first = await start(dataDir);
    const before = await first.run();
    const machine = 'feedfacefeedfacefeedfacefeedface';
    expect((await first.checkIn(withMachine(recording('update-engine.check.3-2'), machine))).status).toBe(200);
    process.kill(before.pid, 'SIGKILL');
    await eventually(
      async () => livingPids(before),
      (living) => living.length === 0,
    );

    const second = await start(dataDir);
    const page = await eventually(
      () => second.get<{ items: { kind: string }[] }>(`/api/v1/instances/${machine}/history`),
      ({ items }) => items.some(({ kind }) => kind === 'grant'),
    );
    expect(page.items.filter(({ kind }) => kind === 'grant')).toHaveLength(1);
  });

  it.each(['policy', 'analytics', 'ingress', 'api'])('starts %s again when it is killed', async (name) => {
    const platform = await start(await freshFolder());
    const before = (await platform.run()).programs[name]!.pid;
    process.kill(before, 'SIGKILL');
    await eventually(
      () => platform.run(),
      ({ programs }) => programs[name]!.pid !== before,
    );
    expect((await platform.checkIn(recording('update-engine.check.3-2'))).status).toBe(200);
    await eventually(
      () => platform.get('/api/v1/instances/3d1219c7c4c5404aaa1f6d2a48adfda4'),
      () => true,
    );
  });

  it.each(['nats', 'postgres', 'clickhouse'])('starts %s again on its data when it is killed', async (name) => {
    const platform = await start(await freshFolder());
    const before = (await platform.run()).servers[name]!.pid;
    process.kill(before, 'SIGKILL');
    await eventually(
      () => platform.run(),
      ({ servers }) => servers[name]!.pid !== before,
    );
    await eventually(
      () => platform.checkIn(recording('update-engine.check.3-2')),
      ({ status }) => status === 200,
    );
    await eventually(
      () => platform.get('/api/v1/instances/3d1219c7c4c5404aaa1f6d2a48adfda4'),
      () => true,
    );
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

  it('does not open to machines while a channel has an example package', async () => {
    const dataDir = await freshFolder();
    const platform = await start(dataDir);
    await platform.stop();
    platforms.splice(0);
    const refused = upAndOut(['--data', dataDir, '--listen', '127.0.0.1']);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/example package/);
    expect(refused.stderr).toMatch(/packages delete --examples/);
  });
});

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
  return spawnSync(process.execPath, [join(repositoryRoot(), 'apps/cli/dist/main.js'), 'up', ...args], {
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
