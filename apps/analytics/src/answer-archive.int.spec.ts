// What policy is sent of the archive when its database forgot grants that the log no longer has.
import { archivedEndHeader } from '@platte/fact-log';
import { decodeBatch, type Fact } from '@platte/facts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { app, checkIns, group, makeProgram, silentLog, type TestProgram } from '../test/program.js';
import { answerArchive } from './answer-archive.js';

let program: TestProgram;
let subject: string;
beforeEach(async () => {
  program = await makeProgram();
  subject = `${program.prefix}.archived`;
  const { nats, history } = program;
  const answering = answerArchive({ nats, history, log: silentLog, subject });
  program.onEnd(answering.stop);
});
afterEach(() => program.end());

const [from, count] = [Date.UTC(2026, 10, 1), 900];

const granted = (n: number): Fact => ({
  kind: 'UpdateGranted',
  v: 1,
  app,
  machine: `machine-${n}`,
  at: from + n,
  n,
  version: '1.0.0',
  group,
  channel: null,
  arch: 'amd64',
  rollout: '11111111-0000-4000-8000-000000000001',
  reboots: true,
  oem: 'x'.repeat(400),
  attempt: { at: from + n, n },
  package: '22222222-0000-4000-8000-000000000001',
  toVersion: '2.0.0',
  number: n + 1,
  grantedAt: from + n,
  deadline: from + n + 1,
  forced: false,
});

async function ask(span: {
  since: number;
  before: number;
}): Promise<{ facts: Fact[]; messages: number; ended: boolean }> {
  const answers = await program.nats.requestMany(subject, JSON.stringify(span), {
    strategy: 'sentinel',
    maxWait: 30_000,
  });
  const got = { facts: [] as Fact[], messages: 0, ended: false };
  for await (const message of answers) {
    got.messages += 1;
    got.ended = message.headers?.has(archivedEndHeader) === true;
    if (message.data.length > 0) got.facts.push(...decodeBatch(message.data).facts);
  }
  return got;
}

test('grants and granted check-ins of a span come in the order of time, in several messages, with an end', async () => {
  const grants = Array.from({ length: count }, (_, n) => granted(n));
  const [idle, told] = checkIns(2, '1.0.0').map((fact, index) => ({ ...fact, at: from + count + index }));
  await program.startReplica();
  const answer = { reason: 'granted' as const, inputs: { target: '2.0.0', deadline: from } };
  await program.append([...grants.toReversed(), idle!, { ...told!, answer }, granted(5_000)]);
  await vi.waitFor(
    async () => {
      const [row] = await program.history.read<{ facts: number }>('select count() as facts from fact_archive final');
      expect(row?.facts).toBe(count + 3);
    },
    { timeout: 30_000, interval: 50 },
  );
  const { facts, messages, ended } = await ask({ since: from + 10, before: from + 4_000 });
  expect(ended).toBe(true);
  expect(messages).toBeGreaterThan(2);
  expect(facts.map(({ at }) => at - from)).toEqual([
    ...Array.from({ length: count - 10 }, (_, n) => n + 10),
    count + 1,
  ]);
});

test('a span that cannot be read has no end, so that nobody takes it for the whole', async () => {
  expect(await ask({ since: -1, before: 0 })).toEqual({ facts: [], messages: 1, ended: false });
});
