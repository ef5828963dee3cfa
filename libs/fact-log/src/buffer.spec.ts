import type { Msg } from '@nats-io/transport-node';
import type { Fact } from '@platte/facts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeBuffer } from './buffer.js';
import type { FactMessage, Held } from './fact-message.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const limits = { batchFactsMax: 100, batchDelayMs: 50, busyDelayMs: 200, messagesMax: 1000, bytesMax: 1_000_000 };

/** After how long each batch was taken, and with how many facts, of messages that arrive at these times. */
async function takeAll(arrivals: { atMs: number; facts: number }[]): Promise<{ atMs: number; facts: number }[]> {
  const buffer = makeBuffer<number[]>(limits, {
    begin: () => [],
    put: (batch, { facts }) => void batch.push(facts.length),
  });
  const begun = Date.now();
  const taken: { atMs: number; facts: number }[] = [];
  for (const { atMs, facts } of arrivals) setTimeout(() => buffer.put(...message(facts)), atMs);
  const taking = (async () => {
    for (let batch = await buffer.take(); batch !== undefined; batch = await buffer.take()) {
      expect(batch.gathered).toEqual(batch.held.map(({ facts }) => facts));
      taken.push({ atMs: Date.now() - begun, facts: batch.held.reduce((sum, held) => sum + held.facts, 0) });
    }
  })();
  await vi.advanceTimersByTimeAsync(10_000);
  buffer.close();
  await taking;
  return taken;
}

function message(facts: number): [Held, FactMessage] {
  const fact = { kind: 'MachineCheckedIn' } as Fact;
  return [
    { msg: { data: new Uint8Array(facts) } as Msg, sequence: 1, facts },
    { sequence: 1, storedAt: 0, facts: Array.from({ length: facts }, () => fact), unknown: [] },
  ];
}

test('a few facts are handed over when the first is as old as may be', async () => {
  const arrivals = [
    { atMs: 0, facts: 5 },
    { atMs: 30, facts: 4 },
    { atMs: 60, facts: 3 },
  ];
  expect(await takeAll(arrivals)).toEqual([
    { atMs: 50, facts: 9 },
    { atMs: 110, facts: 3 },
  ]);
});

test('a tenth of a full batch and more waits on for what follows it', async () => {
  const arrivals = [
    { atMs: 0, facts: 5 },
    { atMs: 30, facts: 5 },
    { atMs: 199, facts: 70 },
    { atMs: 201, facts: 1 },
  ];
  expect(await takeAll(arrivals)).toEqual([
    { atMs: 200, facts: 80 },
    { atMs: 251, facts: 1 },
  ]);
});

test('a full batch waits for nothing, and is cut between messages', async () => {
  const arrivals = [
    { atMs: 0, facts: 60 },
    { atMs: 10, facts: 60 },
  ];
  expect(await takeAll(arrivals)).toEqual([
    { atMs: 10, facts: 60 },
    { atMs: 210, facts: 60 },
  ]);
});

test('a batch is begun with its first message, however long after the one before', async () => {
  const buffer = makeBuffer(limits, { begin: () => ({ begunAt: Date.now() }), put: () => {} });
  await vi.advanceTimersByTimeAsync(86_400_000);
  const firstAt = Date.now();
  buffer.put(...message(100));
  expect((await buffer.take())?.gathered).toEqual({ begunAt: firstAt });
  await vi.advanceTimersByTimeAsync(86_400_000);
  buffer.put(...message(100));
  expect((await buffer.take())?.gathered).toEqual({ begunAt: firstAt + 86_400_000 });
});
