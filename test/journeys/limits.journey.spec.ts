// A limit is never exceeded: over HTTP, through ingress, by many machines at once, by any number of replicas, and while one
// of them is killed. Nebraska grants 26 and 32 where 1 and 20 were allowed (its limits are read, then written).
import type { Client } from '@platte/api-contract';
import { closeStore, openStore } from '@platte/state-store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeGroup, type MadeGroup, untilServed } from './catalog.js';
import { askUntilDecided, checkOf, type Heard, postOmaha, reportOf } from './machines.js';
import { eventually, type Platform, startPlatform } from './platform.js';
import { type Replica, startReplica } from './replicas.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

describe('a limit', () => {
  let platform: Platform;
  let client: Client;
  let omaha: string;

  beforeAll(async () => {
    platform = await startPlatform();
    client = platform.client;
    omaha = (await platform.run()).urls.omaha;
  });
  afterAll(() => platform?.stop());

  it.each([1, 20])('D3: of %i per day grants exactly so many of 32 machines that ask at once', async (max) => {
    const group = await servedGroup(`rate-${max}`, { rateLimit: { max, periodMs: dayMs } });
    const machines = namesOf(group, 32);
    const before = Date.now();
    const heard = await askAll([omaha], group, machines);
    const granted = machines.filter((_, index) => heard[index]!.offered === group.version);
    expect(granted).toHaveLength(max);
    expect(await grantNumbers(granted)).toEqual(upTo(max));

    const refused = machines.filter((machine) => !granted.includes(machine));
    expect(heard.filter(({ reason }) => reason === 'rate-limited')).toHaveLength(32 - max);
    const { items } = await eventually(
      () => client.listGroupInstances({ params: { id: group.id }, query: { reason: 'rate-limited', limit: 200 } }),
      (page) => page.items.length === refused.length,
    );
    expect(items.map(({ id }) => id).toSorted()).toEqual(refused.toSorted());
    // One question per machine: a few stand for all.
    for (const machine of refused.slice(0, 3)) {
      const { answer } = await whyOf(machine, 'rate-limited');
      expect(answer.inputs).toMatchObject({ target: group.version, limit: max, used: max, periodMs: dayMs });
      expect(answer.words).toContain(`limit of ${max} grants per day is used up (${max})`);
      // The oldest grant leaves the window a day after it was made.
      const until = Date.parse(answer.until!);
      expect(until).toBeGreaterThanOrEqual(before + dayMs - 1000);
      expect(until).toBeLessThanOrEqual(Date.now() + dayMs);
    }
  });

  it('grants one machine that asks a hundred times at once one update, and says the same a hundred times', async () => {
    const group = await servedGroup('eager', { rateLimit: { max: 1, periodMs: dayMs } });
    const answers = await askAll(
      [omaha],
      group,
      Array.from({ length: 100 }, () => 'eager-1'),
    );
    expect(new Set(answers.map(({ offered }) => offered))).toEqual(new Set([group.version]));
    const texts = await Promise.all(
      Array.from({ length: 5 }, () => postOmaha(omaha, checkOf({ machine: 'eager-1', track: group.track }))),
    );
    expect(new Set(texts.map(({ text }) => withoutTime(text))).size).toBe(1);
    const { items } = await eventually(
      () => client.getInstanceHistory({ params: { id: 'eager-1' }, query: { all: 'true', limit: 200 } }),
      (page) => page.items.filter(({ kind }) => kind === 'check-in').length >= 105,
    );
    expect(items.filter(({ kind }) => kind === 'grant')).toHaveLength(1);
    expect(items.filter(({ reason }) => reason === 'granted')).toHaveLength(1);
    expect(await grantNumbers(['eager-1'])).toEqual([1]);
  });

  it('of updates at once holds the next machines until an install frees a slot', async () => {
    const group = await servedGroup('at-once', { concurrencyLimit: 3 });
    const machines = namesOf(group, 10);
    const heard = await askAll([omaha], group, machines);
    const granted = machines.filter((_, index) => heard[index]!.offered !== null);
    expect(granted).toHaveLength(3);
    const waiting = machines.find((machine) => !granted.includes(machine))!;
    const { answer } = await whyOf(waiting, 'concurrency-limited');
    expect(answer.inputs).toMatchObject({ limit: 3, used: 3 });

    for (const event of [13, 14, 3])
      await postOmaha(omaha, reportOf({ machine: granted[0]!, track: group.track }, { type: event, result: 1 }));
    await eventually(
      () => askUntilDecided(omaha, { machine: waiting, track: group.track }),
      ({ offered }) => offered === group.version,
    );
    // Not the machine that waits for its reboot: real ones only ping then, and a check says that the install is lost.
    const again = await askAll(
      [omaha],
      group,
      machines.filter((machine) => machine !== granted[0]),
    );
    expect(again.filter(({ offered }) => offered !== null)).toHaveLength(3);
    expect(again.filter(({ reason }) => reason === 'concurrency-limited')).toHaveLength(6);
  });

  describe('with two ingress and two policy replicas', () => {
    let replicas: Replica[];
    let endpoints: string[];

    beforeAll(async () => {
      await liveInOtherZones(platform);
      replicas = await Promise.all([
        startReplica(platform, 'ingress'),
        startReplica(platform, 'policy', { TZ: 'Pacific/Kiritimati' }),
      ]);
      endpoints = [omaha, replicas[0]!.urls['omaha']!];
    });
    afterAll(async () => {
      for (const replica of replicas ?? []) await replica.stop();
    });

    it('D4: is exact, whichever replica a machine meets, and whatever zones they live in', async () => {
      const group = await servedGroup('replicated', { rateLimit: { max: 20, periodMs: hourMs } }, endpoints);
      const machines = namesOf(group, 64);
      const heard = await askAll(endpoints, group, machines);
      const granted = machines.filter((_, index) => heard[index]!.offered !== null);
      expect(granted).toHaveLength(20);
      expect(await grantNumbers(granted)).toEqual(upTo(20));
    });

    it('is exact and used up while a policy is killed in the middle', async () => {
      const group = await servedGroup('killed', { rateLimit: { max: 50, periodMs: dayMs } }, endpoints);
      const machines = namesOf(group, 200);
      const heard: Heard[] = [];
      for (let round = 0; round < 8; round++) {
        const asking = askAll(endpoints, group, machines.slice(round * 25, round * 25 + 25));
        // Half of the budget is used then, and questions are under way.
        if (round === 1) await replicas[1]!.kill();
        heard.push(...(await asking));
      }
      const granted = machines.filter((_, index) => heard[index]!.offered !== null);
      expect(granted).toHaveLength(50);
      expect(await grantNumbers(granted)).toEqual(upTo(50));
      expect(new Set(heard.filter(({ offered }) => offered === null).map(({ reason }) => reason))).toEqual(
        new Set(['rate-limited']),
      );
    });
  });

  async function servedGroup(
    track: string,
    policy: Parameters<typeof makeGroup>[2],
    at: readonly string[] = [omaha],
  ): Promise<MadeGroup> {
    const group = await makeGroup(client, track, policy);
    for (const url of at) await untilServed(url, group);
    return group;
  }

  /** Each at once, the machines spread over the endpoints. */
  function askAll(endpoints: readonly string[], { track }: MadeGroup, machines: readonly string[]): Promise<Heard[]> {
    return Promise.all(
      machines.map((machine, index) => askUntilDecided(endpoints[index % endpoints.length]!, { machine, track })),
    );
  }

  /** The numbers that the grants have in their group: 1, 2, 3… without a gap when there were no others. */
  async function grantNumbers(machines: readonly string[]): Promise<number[]> {
    const instances = await Promise.all(
      machines.map((id) =>
        eventually(
          () => client.getInstance({ params: { id } }),
          ({ attempt }) => attempt !== null,
        ),
      ),
    );
    return instances.map(({ attempt }) => attempt!.number).toSorted((a, b) => a - b);
  }

  function whyOf(id: string, reason: string) {
    return eventually(
      () => client.getInstanceAnswer({ params: { id } }),
      ({ answer }) => answer.reason === reason,
    );
  }
});

/** New sessions of the database are west of UTC; those that the first policy holds stay where they are. */
async function liveInOtherZones(platform: Platform): Promise<void> {
  const { servers } = await platform.run();
  const store = openStore({ url: servers['postgres']!.url });
  await store.pool.query(`alter role current_user set timezone to 'Pacific/Honolulu'`);
  await closeStore(store);
}

function namesOf({ track }: MadeGroup, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${track}-${index + 1}`);
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

function withoutTime(text: string): string {
  return text.replace(/<daystart [^>]*>/, '');
}
