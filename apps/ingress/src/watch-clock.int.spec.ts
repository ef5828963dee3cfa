import { renderStoreClock, storeClockSubject } from '@platte/rollout';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTrialIngress, startTrialNats, type TrialIngress, type TrialNats } from './testing/trial-ingress.js';

const aheadMs = 7_000;
let nats: TrialNats;
let ingress: TrialIngress;

beforeAll(async () => {
  nats = await startTrialNats();
  nats.nc.subscribe(storeClockSubject, {
    queue: 'policy',
    callback: (_, message) => void message.respond(renderStoreClock(Date.now() - aheadMs)),
  });
  await nats.nc.flush();
  ingress = await startTrialIngress(nats.url);
});
afterAll(async () => {
  await ingress.stop();
  await nats.stop();
});

it("ingress warns when its machine's clock differs from the one that policy tells", async () => {
  const clock = async () => (await ingress.ready()).dependencies.find(({ name }) => name === 'clock');
  await expect.poll(clock, { timeout: 30_000 }).toMatchObject({ state: 'warning', need: 'reported' });
  expect((await clock())?.detail).toMatch(
    /^this machine's clock is (6\.[5-9]|7\.[0-4])\d\d s ahead of PostgreSQL's: set it/,
  );
  expect((await ingress.ready()).ready).toBe(true);
});
