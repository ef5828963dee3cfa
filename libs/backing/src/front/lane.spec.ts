import { expect, it } from 'vitest';
import { makeLane } from './lane.js';

const nobodyLeaves = new AbortController().signal;

function gate(): { opened: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

it('runs so many at a time, in the order in which they came', async () => {
  const lane = makeLane(2, 10);
  const gates = [gate(), gate(), gate(), gate()];
  const begun: number[] = [];
  const all = gates.map(({ opened }, n) =>
    lane.run(nobodyLeaves, async () => {
      begun.push(n);
      await opened;
    }),
  );
  await Promise.resolve();
  expect(begun).toEqual([0, 1]);
  gates[1]!.open();
  await expect.poll(() => begun).toEqual([0, 1, 2]);
  for (const { open } of gates) open();
  await Promise.all(all);
  expect(begun).toEqual([0, 1, 2, 3]);
});

it('gives the place of a failed one to the next', async () => {
  const lane = makeLane(1, 10);
  const failed = lane.run(nobodyLeaves, () => Promise.reject(new Error('broken')));
  const next = lane.run(nobodyLeaves, () => Promise.resolve('done'));
  await expect(failed).rejects.toThrow('broken');
  await expect(next).resolves.toBe('done');
});

it('refuses at once when too many wait', async () => {
  const lane = makeLane(1, 1);
  const { opened, open } = gate();
  const running = lane.run(nobodyLeaves, () => opened);
  const waiting = lane.run(nobodyLeaves, () => Promise.resolve());
  await expect(lane.run(nobodyLeaves, () => Promise.resolve())).rejects.toThrow(/Too many simultaneous queries/);
  open();
  await Promise.all([running, waiting]);
});

it('forgets one that nobody waits for any more', async () => {
  const lane = makeLane(1, 1);
  const { opened, open } = gate();
  const running = lane.run(nobodyLeaves, () => opened);
  const gone = new AbortController();
  let ran = false;
  const waiting = lane.run(gone.signal, () => {
    ran = true;
    return Promise.resolve();
  });
  gone.abort();
  await expect(waiting).rejects.toThrow(/cancelled/);
  open();
  await running;
  await lane.run(nobodyLeaves, () => Promise.resolve());
  expect(ran).toBe(false);
});
