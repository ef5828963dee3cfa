// What went wrong and how far updates came, as the terminal says it: on a platform of its own, as it counts machines.
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
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

it('the terminal says what is written of failures, funnel, silence and progress', async () => {
  const { written, said } = await playTranscript('13-progress', terminal);
  expect(said).toBe(written);
});
