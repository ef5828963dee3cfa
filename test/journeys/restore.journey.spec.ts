// Stores are lost or restored from older backups while the log or the archive knows better: no machine's history is mixed, limits are
// kept, what a person stopped is listed and applied, and a replay keeps what the archive has.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as Postgres } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeGroup, type MadeGroup, untilServed } from './catalog.js';
import { ask, askUntilDecided } from './machines.js';
import { eventually, type Platform, startPlatform } from './platform.js';
import { repositoryRoot } from './repository.js';

let folder: string;
let dataDir: string;
let platform: Platform;
let group: MadeGroup;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platte-restore-'));
  dataDir = join(folder, 'data');
  platform = await startPlatform({ dataDir });
  group = await makeGroup(platform.client, 'restored', { rateLimit: { max: 3, periodMs: 86_400_000 } });
  await untilServed((await platform.run()).urls.omaha, group);
});
afterAll(async () => {
  await platform?.stop();
  await rm(folder, { recursive: true, force: true });
});

const check = async (machine: string) =>
  askUntilDecided((await platform.run()).urls.omaha, { machine, track: group.track });
const machines = async () =>
  (await platform.client.listInstances({ query: { group: group.id, limit: 200 } })).items
    .map(({ id }) => id)
    .toSorted();

/** With the rights and owners of its files: PostgreSQL refuses others. */
function copy(from: string, to: string): void {
  expect(spawnSync('cp', ['-a', from, to]).status).toBe(0);
}

async function whileStopped(change: () => Promise<void>): Promise<void> {
  await platform.stop();
  await change();
  platform = await startPlatform({ dataDir });
}

async function platte(...words: string[]): Promise<{ code: number | null; out: string; talk: string }> {
  const main = join(repositoryRoot(), 'apps/cli/dist/main.js');
  const child = spawn(process.execPath, [main, ...words, '--data', dataDir], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, talk] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (talk += chunk.toString()));
  await once(child, 'close');
  return { code: child.exitCode, out, talk };
}

async function numbersInPostgres(): Promise<{ machine: string; number: number }[]> {
  const client = new Postgres({ connectionString: (await platform.run()).servers['postgres']?.url ?? '' });
  await client.connect();
  try {
    return (await client.query('select machine, number from machine_number order by number')).rows;
  } finally {
    await client.end();
  }
}

describe('a PostgreSQL folder that is older than the log', () => {
  it('makes no grant until the lost pause is applied, keeps limits, and mixes no histories', async () => {
    await check('early');
    await eventually(machines, (list) => list.includes('early'));
    await whileStopped(async () => copy(join(dataDir, 'postgres'), join(folder, 'backup')));

    for (const machine of ['late-1', 'late-2']) expect((await check(machine)).offered).toBe(group.version);
    await eventually(machines, (list) => list.includes('late-1') && list.includes('late-2'));
    const numbers = await numbersInPostgres();
    await platform.client.pauseGroup({ params: { id: group.id }, body: { note: 'an incident' } });
    await eventually(
      async () => (await platform.client.listActivity({ query: { group: group.id, limit: 10 } })).items,
      (items) => items.some(({ kind }) => kind === 'GroupPaused'),
    );

    await whileStopped(async () => {
      await rm(join(dataDir, 'postgres'), { recursive: true });
      copy(join(folder, 'backup'), join(dataDir, 'postgres'));
    });
    const restore = await eventually(
      () => platform.client.getRestore(),
      ({ state }) => state === 'waiting',
    );
    expect(restore.changes.map(({ kind, applies }) => [kind, applies])).toEqual([['GroupPaused', true]]);
    expect(restore.grants).toBeGreaterThanOrEqual(2);
    const { urls } = await platform.run();
    for (const machine of ['new-1', 'new-2'])
      expect(await ask(urls.omaha, { machine, track: group.track })).toEqual({
        offered: null,
        reason: 'policy-unavailable',
      });
    const policy = (await platform.run()).programs['policy']?.urls['internal'] ?? '';
    const stateOfRestore = async () => {
      const ready = (await (await fetch(`${policy}/readyz`)).json()) as {
        dependencies: { name: string; detail: string }[];
      };
      return ready.dependencies.find(({ name }) => name === 'restore')?.detail ?? '';
    };
    await eventually(stateOfRestore, (detail) => detail.includes('platte restore apply'));

    expect((await platte('restore', 'show')).out).toContain('GroupPaused');
    expect((await platte('restore', 'apply')).code).not.toBe(0);
    expect((await platte('restore', 'apply', '--yes')).code).toBe(0);
    expect((await platform.client.getGroup({ params: { id: group.id } })).stop).not.toBeNull();
    await platform.client.resumeGroup({ params: { id: group.id }, body: { note: '' } });

    // Those of early, late-1 and late-2: three grants in a day.
    expect(
      await eventually(
        () => check('new-1'),
        ({ reason }) => !/paused|disabled/.test(reason),
      ),
    ).toMatchObject({
      offered: null,
      reason: 'rate-limited',
    });
    await eventually(machines, (list) => list.includes('new-1') && list.includes('new-2'));
    const after = await numbersInPostgres();
    expect(after.slice(0, numbers.length)).toEqual(numbers);
    const { items } = await platform.client.getInstanceHistory({ params: { id: 'new-2' }, query: { limit: 200 } });
    expect(items.map(({ kind }) => kind)).not.toContain('grant');
    expect(
      (await platform.client.getInstanceHistory({ params: { id: 'late-1' }, query: { limit: 200 } })).items.some(
        ({ kind }) => kind === 'grant',
      ),
    ).toBe(true);
    expect((await platte('verify')).out).toContain('no difference');
  });
});

describe('a JetStream folder that was lost', () => {
  it('costs a replay nothing that the archive has, and doctor says so', async () => {
    const before = await machines();
    await whileStopped(() => rm(join(dataDir, 'nats', 'jetstream'), { recursive: true }));
    await check('after-the-loss');
    await eventually(machines, (list) => list.includes('after-the-loss'));
    const replayed = await platte('replay', '--yes');
    expect([replayed.code, replayed.talk]).toEqual([0, expect.stringContaining('facts of the archive')]);
    expect(await machines()).toEqual([...before, 'after-the-loss'].toSorted());
    expect((await platte('verify')).out).toContain('no difference');
    expect((await platte('doctor')).out).not.toContain('everything, from the log alone');
  });
});
