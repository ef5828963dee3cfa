import { parseStoreClock, storeClockSubject } from '@platte/rollout';
import { readClock } from '@platte/state-store';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeProgram, type TestProgram } from '../test/program.js';
import { answerClock } from './answer-clock.js';

let program: TestProgram;
beforeEach(async () => {
  program = await makeProgram();
});
afterEach(() => program.end());

const ask = async () => parseStoreClock((await program.nats.request(storeClockSubject)).string());

it("policy answers PostgreSQL's time once it has read it, whatever its own machine's clock says", async () => {
  answerClock(program);
  expect(await ask()).toBeUndefined();
  const aheadMs = 3_600_000;
  const theirs = await readClock(program.store);
  program.storeClock.note({ theirs: theirs - aheadMs, askedAt: Date.now(), answeredAt: Date.now() });
  const answered = await ask();
  expect(Math.abs(answered! - ((await readClock(program.store)) - aheadMs))).toBeLessThan(1_000);
});
