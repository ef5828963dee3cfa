// From nothing to a finished rollout: once by commands, once by one `apply`, each to the word that a person waits for.
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openClock, testMode } from './clock.js';
import { startPlatform, type Platform } from './platform.js';
import { makeTerminal } from './terminal.js';
import { playTranscript, type Terminal } from './transcript.js';

let platform: Platform;
let terminal: Terminal;

beforeAll(async () => {
  platform = await startPlatform({ env: { ...testMode, PLATTE_FINISH_PERIOD: '1s' } });
  terminal = makeTerminal(platform);
});

afterAll(async () => {
  await platform?.stop();
  if (terminal) rmSync(terminal.folder, { recursive: true });
});

it.each(['10-by-commands', '11-by-one-apply'])('the terminal says what is written in %s', async (name) => {
  const { written, said } = await playTranscript(name, terminal);
  expect(said).toBe(written);
});

it('both rollouts are finished some minutes later', async () => {
  const clock = await openClock(platform);
  // A rollout is marked finished when it is three minutes old.
  await clock.moveTo(clock.now() + 240_000);
  await clock.close();
  const { written, said } = await playTranscript('12-finished', terminal);
  expect(said).toBe(written);
});
