// The log was lost, and a new stream counts its messages from 1 again.
import { expect, test } from 'vitest';
import { numberOf, openFresh } from '../test/fresh-history.js';
import { app, makeFacts } from '../test/random-facts.js';
import { countMachines, type History, rebuild, writeFacts } from './history.js';

const from = Date.UTC(2026, 10, 23);
const now = from + 3_600_000;

async function write(history: History, seed: number, first: number, last: number): Promise<void> {
  const facts = makeFacts({ seed, machines: 40, facts: 400, from, spanMs: now - from });
  const size = Math.ceil(facts.length / (last - first + 1));
  for (let sequence = first; sequence <= last; sequence++) {
    const at = (sequence - first) * size;
    await writeFacts(history, [{ sequence, facts: facts.slice(at, at + size) }], numberOf);
  }
}

test('a stream that outgrows the watermark of the one before is folded from its first message', async () => {
  const history = await openFresh();
  await write(history, 1, 1, 4);
  await rebuild(history, { acked: 4, stream: 1_000, now, attempt: 32 });
  // All of it before the next rebuild looks: its end lies beyond the watermark.
  await write(history, 2, 1, 8);
  await rebuild(history, { acked: 8, stream: 2_000, now, attempt: 64 });

  const whole = await openFresh();
  await write(whole, 1, 1, 4);
  await write(whole, 2, 5, 12);
  await rebuild(whole, { acked: 12, stream: 1_000, now, attempt: 32 });
  const folded = (one: History) =>
    one.read(
      `select inst, toString(seen_pos) as seen, toString(status_pos) as told, version, status from machine final order by inst`,
    );
  const transitions = (one: History) =>
    one.read(`select at, inst, cause, n, version, status from transition final where gone = 0 order by all`);
  expect(await folded(history)).toEqual(await folded(whole));
  expect(await transitions(history)).toEqual(await transitions(whole));
  expect((await folded(whole)).length).toBeGreaterThan(30);
  expect(await countMachines(history, { app })).toEqual(await countMachines(whole, { app }));
});

test('the same stream goes on behind its watermark, also where the watermark does not name it yet', async () => {
  const history = await openFresh();
  await write(history, 1, 1, 4);
  await rebuild(history, { acked: 4, now, attempt: 32 });
  const run = await rebuild(history, { acked: 4, stream: 1_000, now: now + 60_000, attempt: 64 });
  expect(run).toMatchObject({ facts: 0, upto: 4 });
  await write(history, 2, 5, 6);
  expect(await rebuild(history, { acked: 6, stream: 1_000, now, attempt: 96 })).toMatchObject({ upto: 6 });
  expect((await rebuild(history, { acked: 6, stream: 1_000, now, attempt: 128 })).facts).toBe(0);
});
