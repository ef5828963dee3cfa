// A row is broken by hand in the running platform; `verify` names it, `replay` mends it, and `verify` is content.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Platform, startPlatform } from './platform.js';
import { repositoryRoot } from './repository.js';

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(async () => {
  await platform?.stop();
});

async function platte(...words: string[]): Promise<{ code: number | null; out: string; talk: string }> {
  const child = spawn(
    process.execPath,
    [join(repositoryRoot(), 'apps/cli/dist/main.js'), ...words, '--data', platform.dataDir],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let [out, talk] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (talk += chunk.toString()));
  await once(child, 'close');
  return { code: child.exitCode, out, talk };
}

async function breakOneRow(): Promise<string> {
  const client = new Client({ connectionString: (await platform.run()).servers['postgres']?.url ?? '' });
  await client.connect();
  try {
    const { rows } = await client.query<{ machine: string }>(
      `update instance set version = '6.6.6' where machine = (select min(machine) from instance) returning machine`,
    );
    return rows[0]?.machine ?? '';
  } finally {
    await client.end();
  }
}

describe('a damaged row', () => {
  it('is named by verify, mended by replay, and gone for verify', async () => {
    expect((await platte('simulate', '--instances', '30', '--minutes', '0.1')).code).toBe(0);
    const sound = await platte('verify');
    expect([sound.code, sound.talk.includes('s left')]).toEqual([0, true]);
    expect(sound.out).toContain('postgres instance: 30 rows compared');

    const machine = await breakOneRow();
    const broken = await platte('verify', '-o', 'json');
    expect(broken.code).toBe(1);
    expect(JSON.parse(broken.out)).toMatchObject({
      differing: 1,
      first: { store: 'postgres', table: 'instance', column: 'version', live: '"6.6.6"' },
    });
    expect(broken.out).toContain(machine);

    const planned = await platte('replay', '--dry-run');
    expect([planned.code, planned.out.includes('nothing was changed')]).toEqual([0, true]);
    expect((await platte('replay')).code).toBe(2);
    const replayed = await platte('replay', '--yes');
    expect(replayed.code).toBe(0);

    const mended = await platte('verify');
    expect(mended.code).toBe(0);
  });
});
