// The command line as people use it: real commands in a real folder against a real platform, and what the terminal says.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Platform, startPlatform } from './platform.js';
import { makeTerminal } from './terminal.js';
import { playTranscript, type Terminal } from './transcript.js';

let platform: Platform;
let terminal: Terminal;

beforeAll(async () => {
  platform = await startPlatform();
  terminal = makeTerminal(platform);
});

afterAll(async () => {
  await platform?.stop();
  if (terminal) rmSync(terminal.folder, { recursive: true });
});

describe('the terminal says what is written', () => {
  // One after the other, on one platform: each goes on where the one before ended.
  it.each([
    '01-first-look',
    '02-refusals',
    '03-rollout',
    '04-machines',
    '05-fleet-file',
    '06-access',
    '07-examples',
    '08-catalog-in-git',
    '09-why',
  ])('in %s', async (name) => {
    const { written, said } = await playTranscript(name, terminal);
    expect(said).toBe(written);
  });
});

describe('platte watch', () => {
  it('shows a fact as it happens, and ends after as many as were asked for', async () => {
    const child = spawn(
      join(terminal.folder, 'platte'),
      ['watch', '--kinds', 'GroupPaused', '--count', '1', '-o', 'json'],
      {
        cwd: terminal.folder,
        env: terminal.env,
      },
    );
    let [talk, data] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (data += chunk.toString()));
    const exited = once(child, 'exit');
    // It is watching when it says so: only then something happens.
    for await (const chunk of child.stderr) {
      talk += String(chunk);
      if (talk.includes('Watching')) break;
    }
    const { items } = await platform.get<{ items: { id: string }[] }>('/api/v1/groups');
    const group = items[0]!.id;
    await platform.request('POST', `/api/v1/groups/${group}/pause`, { note: 'seen' });
    expect((await exited)[0]).toBe(0);
    expect(JSON.parse(data)).toMatchObject({ kind: 'GroupPaused', data: { group, actor: 'admin' } });
  });
});
