// How far policy is behind the log, as people see it.
import { makeAppender } from '@platte/fact-log';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { makeProgram, type TestProgram } from '../test/program.js';
import { makeBadMachines } from './bad-machines.js';
import { startFolding } from './fold-log.js';

/** For a machine that is busy with other tests. */
const patience = { timeout: 20_000, interval: 10 };
let program: TestProgram;

beforeEach(async () => {
  program = await makeProgram();
});
afterEach(() => program.end());

const detail = () => program.health.report().dependencies.find(({ name }) => name === 'log')?.detail;
const gauge = async () => /^platte_policy_lag_messages\S* (\d+)$/m.exec(await program.metrics.registry.metrics())?.[1];

it('is told by a metric and in /readyz, once it is known', async () => {
  const folding = await startFolding(program, makeBadMachines(program), () => {});
  expect(detail()).toBe('just started');
  const appender = makeAppender({ nc: program.nats, program: 'test', prefix: program.prefix });
  const locked = await program.store.pool.connect();
  await locked.query('begin');
  await locked.query('lock table instance in access exclusive mode');
  const [at, app] = [Date.now(), 'e96281a6-d1af-4bde-9a0a-97b76e56dc57'];
  const said = {
    version: '1.0.0',
    group: app,
    channel: null,
    arch: 'amd64',
    oem: '',
    rollout: null,
    bootId: '',
  } as const;
  const asked = {
    track: 'stable',
    ip: '',
    alias: '',
    oemVersion: '',
    aleph: '',
    answer: { reason: 're-offered', inputs: {} },
  } as const;
  await appender.appendAll([{ kind: 'MachineCheckedIn', v: 1, app, machine: 'm', at, n: 1, ...said, ...asked }]);
  await vi.waitFor(async () => {
    await folding.lag();
    expect([await gauge(), detail()]).toEqual(['1', '1 messages behind']);
  }, patience);
  await locked.query('rollback');
  locked.release();
  await vi.waitFor(async () => {
    await folding.lag();
    expect([await gauge(), detail()]).toEqual(['0', '0 messages behind']);
  }, patience);
  await appender.close(1000);
});
